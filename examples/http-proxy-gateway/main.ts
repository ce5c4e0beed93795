/** A gateway made of http-proxy-3: what it does to trace headers, and what one line changes. */
import type { Crossing } from "@tracemend/context";
import { CARRIER_FIELD, defineBoundary, fieldValues, formatCarrier, parseTraceparent } from "@tracemend/context";
import { preserve } from "@tracemend/outbound/http-proxy-3";
import { ask, startGateway, startOrders } from "./gateway.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const LINE = `00-${TRACE}-00f067aa0ba902b7-01`;
const NEXT = `00-${TRACE}-b9c7c989f97918e1-01`;
const context = { traceId: TRACE, parentId: "00f067aa0ba902b7", flags: 1, tracestate: "" };

/** What clients and the hops before the gateway do to a request, and whether the gateway can keep its trace. */
const CASES: readonly { readonly title: string; readonly lines: readonly string[] }[] = [
  { title: "one clean traceparent", lines: ["traceparent", LINE] },
  { title: "the same line twice", lines: ["traceparent", LINE, "Traceparent", LINE] },
  { title: "a line appended by an agent", lines: ["traceparent", LINE, "traceparent", NEXT] },
  { title: "upper-case digits", lines: ["traceparent", LINE.toUpperCase()] },
  { title: "Connection names traceparent", lines: ["traceparent", LINE, "connection", "keep-alive, traceparent"] },
  {
    title: "stripped, but for a carrier",
    lines: [CARRIER_FIELD, formatCarrier({ context, cluster: "eu-1", original: undefined }) ?? ""],
  },
];

/** Whether the service behind can continue the trace as the specification reads it, and whether a hop behind it could. */
function isWhole(lines: readonly string[]): boolean {
  const values = fieldValues(lines, "traceparent");
  const reading = parseTraceparent(values[0] ?? "");
  const nominated = fieldValues(lines, "connection").some((value) => value.toLowerCase().includes("traceparent"));
  return values.length === 1 && reading.kind === "valid" && reading.context.traceId === TRACE && !nominated;
}

const boundary = defineBoundary({
  name: "gateway",
  side: "egress",
  cluster: "us-1",
  policy: { repair: "on", carrier: { read: true } },
});
const crossings: Crossing[] = [];
const orders = await startOrders();
const plain = await startGateway(orders.url, () => {});
const preserving = await startGateway(orders.url, (proxy) => {
  preserve(proxy, boundary, {
    upstream: "orders",
    observers: [{ crossed: (crossing) => void crossings.push(crossing) }],
  });
});

console.log("client ──► gateway (http-proxy-3) ──► orders\n");
console.log(`${"what the gateway gets".padEnd(30)}  ${"as it is".padEnd(9)}  with preserve()`);
let before = 0;
let after = 0;
for (const { title, lines } of CASES) {
  const [without, repaired] = [await ask(plain.url, lines), await ask(preserving.url, lines)];
  before += Number(isWhole(without));
  after += Number(isWhole(repaired));
  const verdict = crossings.at(-1)?.verdict;
  const word = (whole: boolean): string => (whole ? "whole" : "broken");
  console.log(
    `${title.padEnd(30)}  ${word(isWhole(without)).padEnd(9)}  ${word(isWhole(repaired)).padEnd(7)} ${verdict?.action}, ${verdict?.reason}`,
  );
}
for (const { close } of [preserving, plain, orders]) close();

console.log(`\n${before} of ${CASES.length} traces whole as it is, ${after} of ${CASES.length} with preserve()`);
const holds = before === 1 && after === CASES.length && crossings.length === CASES.length;
console.log(holds ? "All counts hold." : "The counts do not hold.");
process.exitCode = holds ? 0 : 1;
