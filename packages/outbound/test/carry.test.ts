import { once } from "node:events";
import { get } from "node:http";
import type { IncomingMessage } from "node:http";
import { request } from "undici";
import { afterEach, describe, expect, it } from "vitest";
import { OTHER_LINE, PARENT_LINE, bodyOf, byFetch, byHttp, byUndici, startPair, valuesOf } from "./peers.ts";

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

describe.each([
  ["fetch", byFetch],
  ["undici", byUndici],
  ["node:http", byHttp],
])("a call by %s while a request is handled", (_name, callOut) => {
  it("carries the request's context unchanged, with tracestate and baggage", async () => {
    const { ask } = await startPair(opened, callOut);
    const left = await ask(["traceparent", PARENT_LINE, "tracestate", "rojo=1,congo=2", "baggage", "shop=7"]);
    expect(valuesOf(left, "traceparent")).toEqual([PARENT_LINE]);
    expect(valuesOf(left, "tracestate")).toEqual(["rojo=1,congo=2"]);
    expect(valuesOf(left, "baggage")).toEqual(["shop=7"]);
  });

  it("begins no trace where none came in: a parent that nobody exports is worse than none", async () => {
    const { ask, outbound } = await startPair(opened, callOut);
    expect(valuesOf(await ask([]), "traceparent")).toEqual([]);
    expect(outbound.counts()).toMatchObject({ left: expect.any(Number) as number, carried: 0 });
  });

  it("never reaches a target that is not on the list", async () => {
    const { ask } = await startPair(opened, callOut, { targets: ["orders.internal"] });
    const left = await ask(["traceparent", PARENT_LINE, "baggage", "shop=7"]);
    expect(valuesOf(left, "traceparent")).toEqual([]);
    expect(valuesOf(left, "baggage")).toEqual([]);
  });

  it("is only reported where the policy says so, with route, target and location", async () => {
    const { ask, observed, echo } = await startPair(opened, callOut, { carry: "report", locate: true });
    expect(valuesOf(await ask(["traceparent", PARENT_LINE], "/orders?id=7"), "traceparent")).toEqual([]);
    expect(observed.calls).toEqual([
      {
        api: callOut === byHttp ? "http" : "undici",
        method: "GET",
        target: `127.0.0.1:${echo.port}`,
        path: "/",
        handling: { method: "POST", route: "/orders" },
        action: "reported",
        reason: "no-context",
        traceparent: undefined,
        location: expect.stringMatching(/peers\.ts:\d+:\d+$/) as string,
      },
    ]);
  });

  it("goes out as it is where the policy is off", async () => {
    const { ask, observed } = await startPair(opened, callOut, { carry: "off" });
    expect(valuesOf(await ask(["traceparent", PARENT_LINE]), "traceparent")).toEqual([]);
    expect(observed.calls).toEqual([]);
  });

  it("is told of with what was done to it", async () => {
    const { ask, observed } = await startPair(opened, callOut);
    await ask(["traceparent", PARENT_LINE]);
    expect(observed.calls).toMatchObject([
      { action: "carried", reason: "no-context", traceparent: PARENT_LINE, location: undefined },
    ]);
  });
});

describe("a call that has a context of its own", () => {
  it("keeps it, and is told of where it is of another trace than the request", async () => {
    const { ask, observed } = await startPair(opened, async (url) =>
      (await fetch(url, { headers: { traceparent: OTHER_LINE } })).text(),
    );
    expect(valuesOf(await ask(["traceparent", PARENT_LINE]), "traceparent")).toEqual([OTHER_LINE]);
    expect(observed.calls).toMatchObject([{ action: "kept", reason: "other-trace", traceparent: OTHER_LINE }]);
  });

  it("leaves with one traceparent where it was given several", async () => {
    const { ask, observed } = await startPair(opened, async (url) => {
      const { body } = await request(url, { headers: { traceparent: [OTHER_LINE, PARENT_LINE] } });
      return body.text();
    });
    expect(valuesOf(await ask(["traceparent", PARENT_LINE]), "traceparent")).toEqual([PARENT_LINE]);
    expect(observed.calls).toMatchObject([{ action: "single", reason: "several-contexts" }]);
  });

  it("gets the request's context in place of one that is malformed", async () => {
    const { ask, observed } = await startPair(opened, async (url) =>
      (await fetch(url, { headers: { traceparent: `${PARENT_LINE.slice(0, -2)}0ff`, tracestate: "old=1" } })).text(),
    );
    const left = await ask(["traceparent", PARENT_LINE]);
    expect(valuesOf(left, "traceparent")).toEqual([PARENT_LINE]);
    expect(valuesOf(left, "tracestate")).toEqual([]);
    expect(observed.calls).toMatchObject([{ action: "carried", reason: "invalid-context" }]);
  });

  it("loses it toward a foreign target", async () => {
    const { ask, observed } = await startPair(
      opened,
      async (url) => (await fetch(url, { headers: { traceparent: OTHER_LINE, baggage: "user=7" } })).text(),
      { targets: [] },
    );
    const left = await ask([]);
    expect(valuesOf(left, "traceparent")).toEqual([]);
    expect(valuesOf(left, "baggage")).toEqual([]);
    expect(observed.calls).toMatchObject([{ action: "withheld", reason: "foreign-target", traceparent: undefined }]);
  });

  it("is reported, not changed, where node:http wrote its head before anyone was told", async () => {
    const byList = async (url: string): Promise<string> => {
      const headers = ["host", new URL(url).host, "x-mine", "1"];
      const [incoming] = (await once(get(url, { headers }), "response")) as [IncomingMessage];
      return bodyOf(incoming);
    };
    const { ask, observed } = await startPair(opened, byList);
    expect(valuesOf(await ask(["traceparent", PARENT_LINE]), "traceparent")).toEqual([]);
    // The test's own client writes its head as a list as well, outside of any request.
    expect(observed.calls).toMatchObject([{ action: "reported", reason: "head-sealed", path: "/" }]);
  });

  it("is judged by the target its path names where it goes through a forward proxy", async () => {
    const byProxy = (target: string) => async (url: string) => {
      const { hostname, port } = new URL(url);
      const [incoming] = (await once(get({ hostname, port, path: target }), "response")) as [IncomingMessage];
      return bodyOf(incoming);
    };
    const foreign = await startPair(opened, byProxy("http://third.example/"));
    expect(valuesOf(await foreign.ask(["traceparent", PARENT_LINE]), "traceparent")).toEqual([]);
    foreign.outbound.close();
    const options = { targets: ["orders.internal:80"] };
    const allowed = await startPair(opened, byProxy("http://orders.internal/"), options);
    expect(valuesOf(await allowed.ask(["traceparent", PARENT_LINE]), "traceparent")).toEqual([PARENT_LINE]);
  });
});
