import { get } from "node:http";
import type { IncomingMessage } from "node:http";
import { defineBoundary, readTraceresponse } from "@tracemend/context";
import { describe, expect, it } from "vitest";
import { closeAtEnd } from "../../../../test/support/close-at-end.ts";
import type { Passed, ProxyOptions, Route } from "../../src/index.ts";
import { openBorder } from "../border.ts";
import { deadKey, startService } from "../http-service.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRACEPARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
const THEIRS = `00-${TRACE}-${"9".repeat(16)}-01`;
const OURS = `00-${TRACE}-${"5".repeat(16)}-01`;

const spans: NonNullable<ProxyOptions["spans"]> = {
  grant: () => ({
    spans: { traceId: "e".repeat(32), serverSpanId: "5".repeat(16), clientSpanId: "c".repeat(16) },
    finish() {},
    release() {},
  }),
};

async function answered(
  fields: Readonly<Record<string, string | string[]>>,
  route: Partial<Route>,
  more: Partial<ProxyOptions> = { spans },
) {
  const service = await startService((_request, response) => response.writeHead(200, fields).end("ok"));
  closeAtEnd(() => service.close());
  const crossed: Passed[] = [];
  const routes = [route.answer === undefined ? { upstream: { name: "svc", url: service.url }, ...route } : route];
  const opened = await openBorder(
    { url: service.url },
    {
      boundary: defineBoundary({ name: "edge", side: "ingress", cluster: "eu-1" }),
      observer: { crossed: (one) => void crossed.push(one) },
      routes,
      ...more,
    },
  );
  closeAtEnd(() => opened.close());
  const answer = await new Promise<IncomingMessage>((resolve) =>
    get({ port: opened.port, headers: { traceparent: TRACEPARENT } }, resolve),
  );
  answer.resume();
  await expect.poll(() => crossed.length).toBe(1);
  return { headers: answer.headers, lines: answer.rawHeaders, crossing: crossed[0] };
}

describe("the span that an upstream names in its answer", () => {
  it.each([
    ["traceresponse", { traceresponse: THEIRS }],
    ["Server-Timing", { "server-timing": `db;dur=3, traceparent;desc="${THEIRS}"` }],
  ])("is told with the crossing, and goes on as it came: %s", async (_what, fields) => {
    const { headers, crossing } = await answered(fields, {});
    expect(crossing?.answer).toEqual({ traceId: TRACE, spanId: "9".repeat(16), flags: 1 });
    expect(headers).toMatchObject(fields);
  });

  it("is none where it names none, or nonsense", async () => {
    expect((await answered({ "x-other": "1" }, {})).crossing?.answer).toBeUndefined();
    expect((await answered({ traceresponse: "00-zz" }, {})).crossing?.answer).toBeUndefined();
  });
});

describe("the span that a caller is told of", () => {
  it("is ours where the route says so, in place of theirs", async () => {
    const fields = {
      traceresponse: THEIRS,
      "server-timing": [`db;desc="a, trace";dur=3, traceparent;desc="${THEIRS}"`, "app;dur=1"],
    };
    const { headers, lines, crossing } = await answered(fields, { traceresponse: ["traceresponse", "server-timing"] });
    expect(headers["traceresponse"]).toBe(OURS);
    expect(headers["server-timing"]).toBe(`db;desc="a, trace";dur=3, app;dur=1, traceparent;desc="${OURS}"`);
    expect(readTraceresponse(lines)?.spanId).toBe("5".repeat(16));
    expect(crossing?.answer?.spanId).toBe("9".repeat(16));
  });

  it("is theirs where none of ours is exported", async () => {
    const { headers } = await answered({ traceresponse: THEIRS }, { traceresponse: ["traceresponse"] }, {});
    expect(headers["traceresponse"]).toBe(THEIRS);
  });

  it("is ours in answers of the proxy's own too", async () => {
    const direct = await answered({}, { answer: { status: 404 }, traceresponse: ["traceresponse"] });
    expect(direct.headers["traceresponse"]).toBe(OURS);
    const upstream = { name: "gone", url: `http://${await deadKey()}` };
    const failed = await answered({}, { upstream, traceresponse: ["server-timing"] });
    expect(failed.headers["server-timing"]).toBe(`traceparent;desc="${OURS}"`);
  });

  it("is ours where the context is stripped on the way to the upstream", async () => {
    const boundary = defineBoundary({ name: "edge", side: "egress", cluster: "eu-1", policy: { strip: true } });
    const { headers } = await answered({}, { traceresponse: ["traceresponse"] }, { spans, boundary });
    expect(headers["traceresponse"]).toBe(OURS);
  });
});
