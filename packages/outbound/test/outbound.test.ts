import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request } from "node:http";
import { Readable } from "node:stream";
import { Pool } from "undici";
import { afterEach, describe, expect, it } from "vitest";
import { createOutbound } from "../src/index.ts";
import {
  OTHER_LINE,
  PARENT_LINE,
  bodyOf,
  byFetch,
  byHttp,
  ingress,
  send,
  startEcho,
  startPair,
  startService,
  valuesOf,
} from "./peers.ts";

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

describe("the request that is handled", () => {
  it("restarts nothing and carries nothing where its context is not trusted", async () => {
    const { ask } = await startPair(opened, byFetch, { boundary: ingress({ trust: "restart" }) });
    expect(valuesOf(await ask(["traceparent", PARENT_LINE]), "traceparent")).toEqual([]);
  });

  it("carries what a repair brought back, and sends the carrier on where the policy does", async () => {
    const policy = { repair: "on", carrier: { read: true, send: true } } as const;
    const { ask } = await startPair(opened, byFetch, { boundary: ingress(policy) });
    const carrier = `tm1.${PARENT_LINE.slice(3, 35)}.${PARENT_LINE.slice(36, 52)}.01.eu-1`;
    const left = await ask(["x-tracemend-context", carrier]);
    expect(valuesOf(left, "traceparent")).toEqual([PARENT_LINE]);
    expect(valuesOf(left, "x-tracemend-context")).toEqual([carrier]);
  });

  it("carries other formats as they came, or as the policy writes them, and lets none reach a foreign target", async () => {
    const b3 = `${PARENT_LINE.slice(3, 52)}-1`;
    const plain = await startPair(opened, byFetch);
    const left = await plain.ask(["b3", b3, "uber-trace-id", "1:2:0:1"]);
    expect([valuesOf(left, "b3"), valuesOf(left, "uber-trace-id")]).toEqual([[b3], ["1:2:0:1"]]);
    plain.outbound.close();
    const reading = await startPair(opened, byFetch, { boundary: ingress({ extract: ["w3c", "b3"] }) });
    expect(valuesOf(await reading.ask(["b3", b3]), "traceparent")).toEqual([PARENT_LINE]);
    reading.outbound.close();
    const sending = async (url: string): Promise<string> =>
      (await fetch(url, { headers: { b3, "X-B3-TraceId": b3 } })).text();
    const foreign = await startPair(opened, sending, { targets: [] });
    const seen = await foreign.ask([]);
    expect([valuesOf(seen, "b3"), valuesOf(seen, "x-b3-traceid")]).toEqual([[], []]);
  });

  it("is trusted by the address of whoever called", async () => {
    const trustRules = [{ when: { cidr: ["127.0.0.0/8"] }, trust: "continue" }] as const;
    const trusting = await startPair(opened, byFetch, { boundary: ingress({ trust: "restart", trustRules }) });
    expect(valuesOf(await trusting.ask(["traceparent", PARENT_LINE]), "traceparent")).toEqual([PARENT_LINE]);
  });

  it("carries the active span's context where a service has an SDK, and its own baggage", async () => {
    const current = { traceId: PARENT_LINE.slice(3, 35), parentId: "1111111111111111", flags: 1, tracestate: "a=1" };
    const { ask } = await startPair(opened, byFetch, { current: () => current });
    const left = await ask(["traceparent", PARENT_LINE, "baggage", "shop=7"]);
    expect(valuesOf(left, "traceparent")).toEqual([`00-${current.traceId}-1111111111111111-01`]);
    expect(valuesOf(left, "tracestate")).toEqual(["a=1"]);
    expect(valuesOf(left, "baggage")).toEqual(["shop=7"]);
  });

  it("has its context in the events of a body that arrives later, on a connection that was used before", async () => {
    const echo = await startEcho();
    const outbound = createOutbound({ boundary: ingress(), targets: ["127.0.0.1"] });
    const seen: (string | undefined)[] = [];
    const service = await startService((incoming, response) => {
      incoming.resume();
      incoming.on("end", () => {
        void byHttp(echo.url).then((text) => response.end(text));
      });
      response.on("close", () => seen.push(outbound.current()?.request.path));
    });
    opened.push(echo.close, () => outbound.close(), service.close);
    const pool = new Pool(service.url, { connections: 1 });
    opened.push(() => pool.close());
    for (const [path, line] of [
      ["/first", PARENT_LINE],
      ["/second", OTHER_LINE],
    ] as const) {
      const body = Readable.from(
        (async function* parts() {
          yield "a";
          await byHttp(echo.url);
          yield "b";
        })(),
      );
      const answer = await pool.request({ path, method: "POST", body, headers: { traceparent: line } });
      expect(valuesOf((await answer.body.json()) as string[], "traceparent")).toEqual([line]);
    }
    expect(seen).toEqual(["/first", "/second"]);
  });

  it("lends its context no longer than the policy says once it is answered", async () => {
    let nowMs = 1_000;
    const echo = await startEcho();
    const outbound = createOutbound({
      boundary: ingress(),
      targets: ["127.0.0.1"],
      afterAnswerMs: 500,
      now: () => nowMs,
    });
    const closed = Promise.withResolvers<void>();
    const late: Promise<string>[] = [];
    const service = await startService((_incoming, response) => {
      response.on("close", () => {
        late.push(byFetch(echo.url));
        nowMs += 501;
        late.push(byFetch(echo.url));
        closed.resolve();
      });
      response.end();
    });
    opened.push(echo.close, () => outbound.close(), service.close);
    await send(service.url, ["traceparent", PARENT_LINE]);
    await closed.promise;
    const heads = (await Promise.all(late)).map((text) => valuesOf(JSON.parse(text) as string[], "traceparent"));
    expect(heads).toEqual([[PARENT_LINE], []]);
  });

  it("can come from anywhere: what is handled by hand carries its context too", async () => {
    const echo = await startEcho();
    const outbound = createOutbound({ boundary: ingress(), targets: ["127.0.0.1"], servers: false });
    opened.push(echo.close, () => outbound.close());
    const message = { lines: ["traceparent", PARENT_LINE], method: "PROCESS", path: "orders" };
    const text = await outbound.handle(message, () => byFetch(echo.url));
    expect(valuesOf(JSON.parse(text) as string[], "traceparent")).toEqual([PARENT_LINE]);
    expect(outbound.current()).toBeUndefined();
  });
});

describe("a service that names another trace once its call has been given the context", () => {
  const carried = ["traceparent", PARENT_LINE, "tracestate", "a=1", "baggage", "shop=7", "b3", "0"];
  const byHttpWith =
    (change: (call: ClientRequest) => unknown) =>
    async (url: string): Promise<string> => {
      const call = request(url);
      await change(call);
      call.end();
      const [answer] = (await once(call, "response")) as [IncomingMessage];
      return bodyOf(answer);
    };
  const fieldsOf = (left: readonly string[]) =>
    Object.fromEntries(
      ["traceparent", "tracestate", "baggage", "b3"].map((name) => [name, valuesOf(left, name).join()]),
    );
  const nothingOfOurs = { traceparent: OTHER_LINE, tracestate: "", baggage: "", b3: "" };
  const allOfOurs = { traceparent: PARENT_LINE, tracestate: "a=1", baggage: "shop=7", b3: "0" };
  const sameTrace = PARENT_LINE.replace(/-[0-9a-f]{16}-/, "-1111111111111111-");

  it.each<[string, (call: ClientRequest) => unknown, Record<string, string>]>([
    ["at once sends nothing of ours", (call) => call.setHeader("TraceParent", OTHER_LINE), nothingOfOurs],
    [
      "in a later turn sends nothing of ours",
      async (call) => {
        await Promise.resolve();
        call.setHeader("traceparent", [OTHER_LINE]);
      },
      nothingOfOurs,
    ],
    [
      "among other fields sends nothing of ours",
      (call) => call.setHeaders(new Map([["traceparent", OTHER_LINE]])),
      nothingOfOurs,
    ],
    [
      "sends its own tracestate and baggage, whichever comes first",
      (call) => {
        call.setHeader("tracestate", "b=2");
        call.setHeader("traceparent", OTHER_LINE);
        call.setHeader("baggage", "mine=1");
      },
      { traceparent: OTHER_LINE, tracestate: "b=2", baggage: "mine=1", b3: "" },
    ],
    [
      "but one of the same trace sends all the rest",
      (call) => call.setHeader("traceparent", sameTrace),
      { ...allOfOurs, traceparent: sameTrace },
    ],
    ["but other fields changes nothing", (call) => call.setHeader("accept", "*/*"), allOfOurs],
  ])("over node:http %s", async (_what, change, expected) => {
    const { ask } = await startPair(opened, byHttpWith(change));
    expect(fieldsOf(await ask(carried))).toEqual(expected);
  });

  it.each([
    [OTHER_LINE, nothingOfOurs],
    [sameTrace, { ...allOfOurs, traceparent: sameTrace }],
  ])("over undici, where instrumentation adds %s behind us", async (line, expected) => {
    const { ask } = await startPair(opened, byFetch);
    const add = (message: unknown): void => {
      const { request: call } = message as { request: { addHeader(name: string, value: string): void } };
      call.addHeader("traceparent", line);
    };
    subscribe("undici:request:create", add);
    opened.push(() => unsubscribe("undici:request:create", add));
    expect(fieldsOf(await ask(carried))).toEqual(expected);
  });
});

describe("createOutbound", () => {
  it("names the option and the value that are wrong", () => {
    const options = { boundary: ingress(), targets: [] };
    expect(() => createOutbound({ ...options, carry: "yes" as "on" })).toThrow('carry is "yes"');
    expect(() => createOutbound({ ...options, withhold: "no" as "off" })).toThrow('withhold is "no"');
    expect(() => createOutbound({ ...options, afterAnswerMs: -1 })).toThrow("afterAnswerMs is -1");
    expect(() => createOutbound({ ...options, targets: ["a b"] })).toThrow('targets has "a b"');
  });

  it("lets every call out whatever an observer throws", async () => {
    const thrower = {
      called: () => {
        throw new Error("observer");
      },
    };
    const { ask } = await startPair(opened, byFetch, { observer: thrower });
    expect(valuesOf(await ask(["traceparent", PARENT_LINE]), "traceparent")).toEqual([PARENT_LINE]);
  });

  it("touches no call once it is closed", async () => {
    const { ask, outbound } = await startPair(opened, byFetch);
    outbound.close();
    expect(valuesOf(await ask(["traceparent", PARENT_LINE]), "traceparent")).toEqual([]);
  });
});
