import { afterEach, describe, expect, it } from "vitest";
import { fieldValues, parseTraceparent } from "@tracemend/context";
import type { TraceContext } from "@tracemend/context";
import { PARENT, TRACE, TRACEPARENT, serveForTest } from "../support/service.ts";
import type { RecordingUpstream } from "../support/upstream.ts";
import { startUpstream } from "../support/upstream.ts";
import { SERVICE_NAMES, serviceOf } from "./service.ts";

const upstreams: RecordingUpstream[] = [];

afterEach(async () => {
  await Promise.all(upstreams.splice(0).map((upstream) => upstream.close()));
});

/** The context of each of the calls the service made when it was told to make `count` under these lines. */
async function calls(name: string, lines: readonly string[], count: number): Promise<readonly TraceContext[]> {
  const upstream = await startUpstream();
  upstreams.push(upstream);
  const { raw } = await serveForTest(serviceOf(name));
  const body = JSON.stringify(Array.from({ length: count }, () => ({ url: upstream.url, arguments: [] })));
  const answer = await raw(["Content-Type: application/json", ...lines], { target: "/test", body });
  expect(answer).toMatch(/^HTTP\/1.1 200 /);
  return upstream.heads.map((head) => {
    const values = fieldValues(head, "traceparent");
    expect(values).toHaveLength(1);
    const reading = parseTraceparent(values[0] as string);
    if (reading.kind === "invalid") throw new Error(`the service sent ${values[0]}`);
    return { ...reading.context, tracestate: fieldValues(head, "tracestate").join() };
  });
}

describe.each(SERVICE_NAMES)("the service on %s", (name) => {
  it("names a new parent in every outgoing call of the trace it was called in", async () => {
    const made = await calls(name, [`traceparent: ${TRACEPARENT}`, "tracestate: a=1", "tracestate: b=2"], 3);
    expect(made.map(({ traceId }) => traceId)).toEqual([TRACE, TRACE, TRACE]);
    expect(new Set([PARENT, ...made.map(({ parentId }) => parentId)]).size).toBe(4);
    for (const { tracestate } of made) expect(tracestate).toMatch(/^tm=[^,]+,a=1,b=2$/);
  });

  it("keeps the flags of a trace that is not sampled", async () => {
    const [made] = await calls(name, [`traceparent: 00-${TRACE}-${PARENT}-00`], 1);
    expect(made).toMatchObject({ traceId: TRACE, flags: 0, tracestate: "" });
    expect(made?.parentId).not.toBe(PARENT);
  });

  it.each([
    ["is called without one", []],
    ["is called with an invalid one", [`traceparent: ff${TRACEPARENT.slice(2)}`, "tracestate: a=1"]],
    [
      "is called with two that differ",
      [`traceparent: ${TRACEPARENT}`, `traceparent: ${TRACEPARENT.replace("0a", "0b")}`],
    ],
  ])("begins a trace of its own where it %s", async (_, lines) => {
    const [made] = await calls(name, lines, 1);
    expect(made).toMatchObject({ flags: 3 });
    expect(made?.traceId).not.toBe(TRACE);
    expect(made?.tracestate).toMatch(/^tm=[^,]+$/);
  });
});
