/** What a border does to the head: the trace, the fields, the record. */
import { fieldValue, fieldValues, formatCarrier, parseTraceparent } from "@tracemend/context";
import { expect } from "vitest";
import type { Behaviour } from "./behaviour.ts";
import { PARENT, TRACE, TRACEPARENT, arrive, nextRequest } from "./behaviour.ts";
import { SPANS } from "./rig.ts";
import { isHttp2, isSecure, linesOf, readAll } from "./transport.ts";

export const CONTEXT_BEHAVIOURS: readonly Behaviour[] = [
  {
    name: "keeps the trace and names its own exported span as the parent",
    async run(rig) {
      const before = rig.border.grants.finished;
      const { lines } = await arrive(rig, { traceparent: TRACEPARENT, tracestate: "a=1" });
      expect(fieldValues(lines, "traceparent")).toEqual([`00-${TRACE}-${SPANS.clientSpanId}-01`]);
      expect(fieldValue(lines, "tracestate")).toMatch(/^tm=1\.eu-1\..*,a=1$/);
      expect(rig.border.grants.finished).toBe(before + 1);
      expect(rig.border.grants.released).toBe(0);
    },
  },
  {
    name: "lets the parent through that came in where no span can be exported",
    async run(rig) {
      const border = await rig.open({ spans: "none" });
      const { lines } = await arrive(rig, { traceparent: TRACEPARENT, tracestate: "a=1" }, border);
      expect(fieldValues(lines, "traceparent")).toEqual([TRACEPARENT]);
      expect(fieldValues(lines, "tracestate")).toEqual(["a=1"]);
    },
  },
  {
    name: "starts a trace where none came in",
    async run(rig) {
      const { lines } = await arrive(rig, {});
      const parsed = parseTraceparent(fieldValue(lines, "traceparent") ?? "");
      expect(parsed).toMatchObject({ kind: "valid", context: { traceId: SPANS.traceId } });
    },
  },
  {
    name: "restores a context that only the carrier brought, and takes the carrier out",
    async run(rig) {
      const border = await rig.open({ policy: { repair: "on", carrier: { read: true } } });
      const context = { traceId: TRACE, parentId: PARENT, flags: 1, tracestate: "" };
      const carrier = formatCarrier({ context, cluster: "us-1", original: undefined }) ?? "";
      const { lines } = await arrive(rig, { "x-tracemend-context": carrier }, border);
      expect(fieldValues(lines, "traceparent")).toEqual([`00-${TRACE}-${SPANS.clientSpanId}-01`]);
      expect(fieldValue(lines, "x-tracemend-context")).toBeUndefined();
      expect(border.crossings.at(-1)?.verdict.reason).toBe("carrier-restored");
    },
  },
  {
    name: "lets exactly one traceparent out, and restarts where two disagree",
    async run(rig) {
      const other = `00-${TRACE.replaceAll("4", "5")}-${PARENT}-01`;
      const doubled = await arrive(rig, { traceparent: [TRACEPARENT, TRACEPARENT] });
      expect(fieldValues(doubled.lines, "traceparent")).toEqual([`00-${TRACE}-${SPANS.clientSpanId}-01`]);
      const torn = await arrive(rig, { traceparent: [TRACEPARENT, other] });
      expect(fieldValues(torn.lines, "traceparent")).toEqual([`00-${SPANS.traceId}-${SPANS.clientSpanId}-03`]);
      expect(rig.border.crossings.at(-1)?.verdict.action).toBe("restart");
    },
  },
  {
    name: "records the whole crossing once",
    async run(rig) {
      const count = rig.border.crossings.length;
      await arrive(rig, { traceparent: TRACEPARENT, "user-agent": "probe", "x-request-id": "r-1" });
      expect(rig.border.crossings).toHaveLength(count + 1);
      const crossing = rig.border.crossings.at(-1);
      expect(crossing).toMatchObject({
        boundary: "edge",
        side: "egress",
        cluster: "eu-1",
        protocol: isHttp2(rig.pair.from) ? "h2" : "http/1.1",
        scheme: isSecure(rig.pair.from) ? "https" : "http",
        method: "GET",
        path: "/",
        authority: expect.stringMatching(/^localhost:/),
        userAgent: "probe",
        requestId: "r-1",
        downstream: { address: "127.0.0.1" },
        upstream: { name: "svc", host: new URL(rig.service.url).hostname, port: Number(new URL(rig.service.url).port) },
        status: 200,
        grpcStatus: undefined,
        failure: undefined,
        spans: SPANS,
      });
      expect(crossing?.upstream?.localPort).toBeGreaterThan(0);
      expect(crossing?.upstream?.protocol).toBe(isHttp2(rig.pair.to) ? "h2" : "http/1.1");
      expect(crossing?.endMs).toBeGreaterThanOrEqual(crossing?.startMs ?? Number.NaN);
    },
  },
  {
    name: "keeps fields that repeat, and leaves its own hop's behind",
    async run(rig) {
      const arrived = nextRequest(rig);
      const sent = rig.border.client.send({ headers: { "x-many": ["1", "2"], cookie: ["a=1", "b=2"] }, bare: true });
      const { request, response } = await arrived;
      response.setHeader("set-cookie", ["a=1", "b=2"]);
      response.end();
      const { lines } = await sent.answered;
      await readAll(sent.body());
      const names = linesOf(request);
      expect(fieldValues(names, "x-many").join(",").replaceAll(" ", "")).toBe("1,2");
      expect(fieldValues(names, "cookie").join("; ")).toBe("a=1; b=2");
      expect(fieldValues(lines, "set-cookie")).toEqual(["a=1", "b=2"]);
    },
  },
];
