/** Two gRPC services without a tracing SDK: the trace ends at the first, until it carries its context on. */
import { Metadata } from "@grpc/grpc-js";
import { defineBoundary, parseTraceparent } from "@tracemend/context";
import { createOutbound } from "@tracemend/outbound";
import type { Call } from "@tracemend/outbound";
import { clientInterceptor, serverInterceptor } from "@tracemend/outbound/grpc-js";
import type { Interceptors } from "./services.ts";
import { ask, connect, startOrders, startStock } from "./services.ts";

const REQUESTS = 50;

function lineOf(number: number): string {
  return `00-${String(number + 1).padStart(32, "0")}-${String(number + 1).padStart(16, "0")}-01`;
}

/** How many of the requests arrived at the stock in their own trace. All of them are in flight at once. */
async function countWhole(interceptors: Interceptors): Promise<number> {
  const stock = await startStock();
  const orders = await startOrders(stock.address, interceptors);
  const shop = connect(orders.address);
  try {
    const answers = await Promise.all(
      Array.from({ length: REQUESTS }, (_, number) => {
        const metadata = new Metadata();
        metadata.set("traceparent", lineOf(number));
        return ask(shop, "/shop.Orders/Get", `order ${number}`, metadata);
      }),
    );
    return answers.filter((line, number) => parseTraceparent(line).kind === "valid" && line === lineOf(number)).length;
  } finally {
    shop.close();
    orders.close();
    stock.close();
  }
}

/** One run with the interceptors at this level, and what they noticed. */
async function run(carry: "report" | "on"): Promise<{ readonly whole: number; readonly calls: readonly Call[] }> {
  const calls: Call[] = [];
  const outbound = createOutbound({
    boundary: defineBoundary({ name: "orders", side: "ingress", cluster: "eu-1" }),
    targets: ["127.0.0.1"],
    carry,
    locate: true,
    servers: false,
    observer: { called: (call) => void calls.push(call) },
  });
  try {
    const interceptors = { server: [serverInterceptor(outbound)], client: [clientInterceptor(outbound)] };
    return { whole: await countWhole(interceptors), calls };
  } finally {
    outbound.close();
  }
}

console.log("shop ──gRPC──► orders ──gRPC──► stock      (no tracing SDK anywhere)\n");
const plain = await countWhole({ server: [], client: [] });
console.log(`as it is          ${plain} of ${REQUESTS} calls reach the stock in their trace`);

const reported = await run("report");
console.log(
  `carry: "report"   ${reported.whole} of ${REQUESTS}; noticed ${reported.calls.length} calls without a context`,
);
const [call] = reported.calls;
if (call !== undefined) {
  console.log(
    `                  while handling ${call.handling?.route}: ${call.api} call to ${call.target}${call.path}`,
  );
  console.log(`                  made at ${call.location?.slice(call.location.lastIndexOf("/") + 1)}`);
}

const carried = await run("on");
console.log(`carry: "on"       ${carried.whole} of ${REQUESTS}`);

const holds = plain === 0 && reported.whole === 0 && reported.calls.length === REQUESTS && carried.whole === REQUESTS;
console.log(holds ? "\nAll counts hold." : "\nThe counts do not hold.");
process.exitCode = holds ? 0 : 1;
