import { afterEach, describe, expect, it } from "vitest";
import type { Answer } from "../src/index.ts";
import { createOutbound } from "../src/index.ts";
import { OTHER_LINE, PARENT_LINE, TRACE, byFetch, byHttp, byUndici, ingress, send, startService } from "./peers.ts";

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

/** A service that calls one whose answers have these fields; what its observer was told. */
async function askThrough(callOut: (url: string) => Promise<string>, fields: Readonly<Record<string, string>>) {
  const told: Answer[] = [];
  const observer = { called: () => {}, answered: (answer: Answer) => void told.push(answer) };
  const outbound = createOutbound({ boundary: ingress(), targets: ["127.0.0.1"], observer });
  const behind = await startService((incoming, response) => response.writeHead(200, fields).end(incoming.url));
  const service = await startService((_incoming, response) => {
    void callOut(`${behind.url}/stock?id=7`).then((text) => response.end(text));
  });
  opened.push(() => outbound.close(), behind.close, service.close);
  expect(await send(`${service.url}/orders`, ["traceparent", PARENT_LINE])).toBe("/stock?id=7");
  return { told, behind };
}

describe.each([
  ["fetch", byFetch, "undici"],
  ["undici", byUndici, "undici"],
  ["node:http", byHttp, "http"],
] as const)("an answer to %s", (_name, callOut, api) => {
  it("tells of a service that began a trace of its own, and for which request it was called", async () => {
    const { told, behind } = await askThrough(callOut, { traceresponse: OTHER_LINE });
    expect(told).toEqual([
      {
        api,
        method: "GET",
        target: `127.0.0.1:${behind.port}`,
        path: "/stock",
        handling: { method: "POST", route: "/orders" },
        traceparent: PARENT_LINE,
        served: { traceId: OTHER_LINE.slice(3, 35), spanId: OTHER_LINE.slice(36, 52), flags: 1 },
        continued: false,
      },
    ]);
  });

  it("tells of one that went on with it, by Server-Timing too", async () => {
    const fields = { "Server-Timing": `db;dur=3, traceparent;desc="00-${TRACE}-${"1".repeat(16)}-01"` };
    const { told } = await askThrough(callOut, fields);
    expect(told).toMatchObject([{ continued: true, served: { traceId: TRACE, spanId: "1".repeat(16) } }]);
  });

  it("that names no span is not told", async () => {
    expect((await askThrough(callOut, { traceresponse: "none" })).told).toEqual([]);
  });
});

it("is not waited for where nobody asks, nor after the close", async () => {
  const told: Answer[] = [];
  const observer = { called: () => {}, answered: (answer: Answer) => void told.push(answer) };
  const behind = await startService((_incoming, response) => response.setHeader("traceresponse", OTHER_LINE).end());
  opened.push(behind.close);
  createOutbound({ boundary: ingress(), targets: ["*"], observer }).close();
  await byFetch(behind.url);
  expect(told).toEqual([]);
});
