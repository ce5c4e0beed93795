import { describe, expect, it } from "vitest";
import { carriedFetch } from "../src/carried-fetch.ts";
import type { OnFetch } from "../src/carried-fetch.ts";
import { createOutbound } from "../src/index.ts";
import type { Answer } from "../src/index.ts";
import { PARENT_LINE, ingress, recordCalls, startEcho, valuesOf } from "./peers.ts";

const URL_TEXT = "http://shop.internal:8080/cart?x=1";

/** What a runtime's own `fetch` is given. */
function recordSends() {
  const sent: { readonly input: unknown; readonly init: RequestInit | undefined }[] = [];
  const send = (input: unknown, init?: RequestInit): Promise<Response> => {
    sent.push({ input, init });
    return Promise.resolve(new Response("answer", { headers: { "x-answer": "1" } }));
  };
  return { sent, send };
}

describe("a fetch that no channel tells of", () => {
  it.each([
    ["a text", URL_TEXT, { method: "PUT", headers: { "x-own": "1" } }],
    ["a URL", new URL(URL_TEXT), { method: "PUT", headers: [["x-own", "1"]] as [string, string][] }],
    ["a Request", new Request(URL_TEXT, { method: "PUT", headers: { "x-own": "1" } }), undefined],
  ])("is told with its place and its headers, called with %s", async (_what, input, init) => {
    const { sent, send } = recordSends();
    const told: unknown[] = [];
    const onFetch: OnFetch = (outgoing, head) => {
      told.push(outgoing, head.values("x-own"));
      head.set("traceparent", PARENT_LINE);
      head.remove("x-own");
      return (answer) => void told.push(answer.get("x-answer"));
    };
    const answer = await carriedFetch(onFetch, send)(input, init);
    expect(await answer.text()).toBe("answer");
    const place = { api: "fetch", method: "PUT", host: "shop.internal", port: 8080, path: "/cart?x=1" };
    expect(told).toEqual([place, ["1"], "1"]);
    expect([...new Headers(sent[0]?.init?.headers)]).toEqual([["traceparent", PARENT_LINE]]);
    expect(sent[0]?.input).toBe(input);
  });

  it("keeps what a runtime adds to the call, and replaces the headers of a Request as fetch does", async () => {
    const { sent, send } = recordSends();
    const nothing: OnFetch = () => () => undefined;
    const init = { headers: { b: "2" }, cf: { cacheTtl: 5 }, signal: AbortSignal.abort() };
    await carriedFetch(nothing, send)(new Request(URL_TEXT, { headers: { a: "1" } }), init);
    expect(sent[0]?.init).toMatchObject({ cf: { cacheTtl: 5 }, signal: init.signal });
    expect([...new Headers(sent[0]?.init?.headers)]).toEqual([["b", "2"]]);
  });

  it("sees two contexts that were appended as two", async () => {
    const { send } = recordSends();
    const headers = new Headers([
      ["traceparent", "a"],
      ["traceparent", "b"],
      ["tracestate", "x=1,y=2"],
    ]);
    const seen: (readonly string[])[] = [];
    const onFetch: OnFetch = (_outgoing, head) => {
      seen.push(head.values("traceparent"), head.values("tracestate"), head.values("baggage"));
      return () => undefined;
    };
    await carriedFetch(onFetch, send)(URL_TEXT, { headers });
    expect(seen).toEqual([["a", "b"], ["x=1,y=2"], []]);
  });

  it("fails as fetch does where the call cannot be made", async () => {
    const nothing: OnFetch = () => () => undefined;
    await expect(carriedFetch(nothing)("no url")).rejects.toBeInstanceOf(TypeError);
  });
});

describe("outbound.fetch", () => {
  it("is the global one on Node, whose calls are seen once", async () => {
    const observed = recordCalls();
    const answers: Answer[] = [];
    const observer = { ...observed, answered: (answer: Answer) => void answers.push(answer) };
    const outbound = createOutbound({ boundary: ingress(), targets: ["127.0.0.1"], observer, servers: false });
    const echo = await startEcho();
    const handled = { lines: ["traceparent", PARENT_LINE], method: "GET", path: "/" };
    const lines = await outbound.handle(handled, async () => (await outbound.fetch(echo.url)).json());
    expect(valuesOf(lines as string[], "traceparent")).toEqual([PARENT_LINE]);
    expect(observed.calls).toMatchObject([{ api: "undici", action: "carried" }]);
    outbound.close();
    await echo.close();
  });
});
