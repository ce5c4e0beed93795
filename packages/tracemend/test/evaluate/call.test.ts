/** Edges and kinds, also where a recording does not tell them. */
import { expect, test } from "vitest";
import { isGrpc, readyRecording } from "../../src/evaluate/call.ts";
import type { RecordedSpan } from "../../src/evaluate/recording.ts";
import { shop, shopTraces, spanOf } from "./shop.ts";

function readyOf(spans: readonly RecordedSpan[]): ReturnType<typeof readyRecording> {
  return readyRecording({ name: "one", holds: "traces", traces: [{ startMs: 0, unseenParents: 0, spans }] });
}

test("every call from service to service is a request of one edge", () => {
  const { edges, notSeen } = shop(10);
  expect(edges.map(({ name, requests, clients }) => [name, requests, clients])).toEqual([
    ["shop→stock", 10, 10],
    ["stock→store", 10, 10],
  ]);
  expect(notSeen.size).toBe(0);
});

test("kinds that a recording does not tell follow from who began what", () => {
  const [trace] = shopTraces(1);
  const spans = trace?.spans.map((span) => ({ ...span, kind: undefined })) ?? [];
  expect(readyOf(spans).traces[0]?.kinds).toEqual(["server", "client", "server", "client", "server"]);
});

test("a caller that made several calls from one span is no CLIENT span, but stands in for the request", () => {
  const ready = readyOf([
    spanOf("web", "page", undefined, -1, 0, 10),
    spanOf("cart", "/a", undefined, 0, 1, 4),
    spanOf("stock", "/b", undefined, 0, 5, 9),
  ]);
  expect(ready.traces[0]?.kinds[0]).toBe("server");
  expect(ready.edges.map(({ name, clients }) => [name, clients])).toEqual([
    ["web→cart", 0],
    ["web→stock", 0],
  ]);
});

test("calls that no boundary could see are counted by reason", () => {
  const ready = readyOf([
    spanOf("web", "page", undefined, -1, 0, 10),
    spanOf("cart", "/a", undefined, 0, 1, 4),
    spanOf("cart", "/a", undefined, 0, 5, 9),
    spanOf("mail", "orders process", undefined, 0, 6, 9),
    spanOf("bank", "inner", "internal", 0, 6, 9),
  ]);
  expect([...ready.notSeen.keys()]).toEqual([
    "web→cart: several by one span of the caller",
    "web→mail: over a queue",
    "web→bank: not entered by a SERVER span",
  ]);
});

test("gRPC is told by the operation's name", () => {
  expect(["/shop.Cart/Get", "shop.Cart/Get", "grpc.shop.Cart/Get"].every(isGrpc)).toBe(true);
  expect(["GET /cart/Get", "/cart", "/api/v1/x"].some(isGrpc)).toBe(false);
});
