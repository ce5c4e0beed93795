import type { PolicyOptions } from "@tracemend/context";
import { defineBoundary } from "@tracemend/context";
import { describe, expect, it } from "vitest";
import { closeAtEnd } from "../../../../test/support/close-at-end.ts";
import type { Passed, ProxyOptions, SpanGrant } from "../../src/index.ts";
import { openBorder } from "../border.ts";
import type { HttpService } from "../http-service.ts";
import { startService } from "../http-service.ts";

const INBOUND = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/** A border that grants pairs whose trace ids end as told: 2 is recorded by a half of all traces, d by it too. */
async function bench(rules: Partial<ProxyOptions>, ending: string, policy: PolicyOptions = {}) {
  const service = await startService((_request, response, count) => response.writeHead(count === 1 ? 503 : 200).end());
  const finished: Passed[] = [];
  const passed: Passed[] = [];
  let released = 0;
  let ids = 0;
  const grant = (): SpanGrant => ({
    spans: { traceId: ending.padStart(32, "a"), serverSpanId: "1".repeat(16), clientSpanId: "2".repeat(16) },
    again: () => String((ids += 1)).padStart(16, "c"),
    finish: (one) => void finished.push(one),
    release: () => void (released += 1),
  });
  const upstream = { name: "svc", url: service.url, retry: { tries: 2, statuses: [503], baseMs: 1 } };
  const border = await openBorder(upstream, {
    boundary: defineBoundary({ name: "edge", side: "ingress", cluster: "eu-1", policy }),
    spans: { grant },
    observer: { crossed: (one) => void passed.push(one) },
    routes: [{ match: { path: "/all" }, sampling: { ratio: 1 }, upstream }, { upstream }],
    ...rules,
  });
  closeAtEnd(() => service.close());
  closeAtEnd(() => border.close());
  const ask = (path = "/", headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${border.port}${path}`, { headers });
  return { ask, service, finished, passed, released: () => released };
}

const contextsOf = ({ asked }: HttpService) =>
  asked.map(({ headers }) => [headers["traceparent"], headers["tracestate"]] as const);
const LOW = "20000000000000";
const HIGH = "d0000000000000";

describe("a trace that begins at a boundary with a share", () => {
  it("leaves with ids of its own and unsampled where it is not in it, and no span is finished", async () => {
    const { ask, service, finished, passed, released } = await bench({ sampling: { ratio: 0.5 } }, LOW);
    await ask();
    const id = LOW.padStart(32, "a");
    expect(contextsOf(service)[0]).toEqual([`00-${id}-${"2".repeat(16)}-02`, undefined]);
    expect([finished.length, released()]).toEqual([0, 1]);
    expect(passed[0]?.verdict).toMatchObject({
      action: "start",
      reason: "sampled-out",
      from: undefined,
      ownParent: false,
    });
    expect(passed[0]?.spans).toBeUndefined();
  });

  it("is recorded where it is in it, and says with what share, in each of its tries", async () => {
    const { ask, service, finished, released } = await bench({ sampling: { ratio: 0.5 } }, HIGH);
    await ask();
    const id = HIGH.padStart(32, "a");
    const [first, second] = contextsOf(service);
    expect(first?.[0]).toBe(`00-${id}-${"2".repeat(16)}-03`);
    expect(second?.[0]).toBe(`00-${id}-${"1".padStart(16, "c")}-03`);
    for (const state of [first?.[1], second?.[1]]) expect(state).toMatch(/^tm=[^,]+,ot=th:8$/);
    expect(finished).toHaveLength(1);
    expect(finished[0]?.verdict.context?.tracestate).toMatch(/,ot=th:8$/);
    expect(released()).toBe(0);
  });

  it("is recorded on a route whose own share is all of them, and says nothing of it", async () => {
    const { ask, service, finished } = await bench({ sampling: { ratio: 0 } }, LOW);
    await ask("/all");
    await ask("/other");
    expect(contextsOf(service).map(([parent]) => parent?.slice(-2))).toEqual(["03", "03", "02"]);
    expect(contextsOf(service)[0]?.[1]).not.toContain("ot=");
    expect(finished).toHaveLength(1);
  });

  it("is not one that came in, whose sampling stays", async () => {
    const { ask, service, finished } = await bench({ sampling: { ratio: 0 } }, LOW);
    await ask("/", { traceparent: INBOUND });
    await ask("/", { traceparent: INBOUND.replace(/01$/, "00") });
    expect(contextsOf(service).map(([parent]) => parent?.slice(0, 36))).toEqual(Array(3).fill(INBOUND.slice(0, 36)));
    expect(contextsOf(service).map(([parent]) => parent?.slice(-2))).toEqual(["01", "01", "00"]);
    expect(finished).toHaveLength(1);
  });

  it("is one that takes the place of one that nobody trusts", async () => {
    const { ask, service, passed } = await bench({ sampling: { ratio: 0 } }, LOW, { trust: "restart" });
    await ask("/", { traceparent: INBOUND, tracestate: "vendor=1" });
    expect(contextsOf(service)[0]).toEqual([`00-${LOW.padStart(32, "a")}-${"2".repeat(16)}-02`, undefined]);
    expect(passed[0]?.verdict).toMatchObject({ action: "restart", reason: "sampled-out" });
  });

  it("leaves nothing where all context is stripped, and is recorded by its share all the same", async () => {
    const out = await bench({ sampling: { ratio: 0.5 } }, LOW, { strip: true });
    await out.ask();
    expect([contextsOf(out.service)[0], out.finished.length]).toEqual([[undefined, undefined], 0]);
    const kept = await bench({ sampling: { ratio: 0.5 } }, HIGH, { strip: true });
    await kept.ask();
    expect([contextsOf(kept.service)[0], kept.finished.length]).toEqual([[undefined, undefined], 1]);
  });
});
