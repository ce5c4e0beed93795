/** What a policy may ask beyond the specification: repairs, carriers, fields beside the context, what the answer says. */
import type { PolicyOptions } from "@tracemend/context";
import { fieldValue, fieldValues, formatCarrier } from "@tracemend/context";
import { expect } from "vitest";
import type { SubjectBehaviour } from "./subject-behaviour.ts";
import { NEWER, OTHER, PARENT, SPANS, TRACE, TRACEPARENT, granted, membersOf } from "./subject-behaviour.ts";

const LAST_HOP = "it is the last hop: its app sees Connection as it came";
const NO_ANSWERS = "its answers are the upstream's own";

/** What a border before this one wrote, around the caller's own value of the field. */
function carried(original?: string): string {
  const context = { traceId: TRACE, parentId: PARENT, flags: 1, tracestate: "a=1" };
  return formatCarrier({ context, cluster: "us-1", original }) ?? "";
}

const READING = { repair: "on", carrier: { read: true } } as const satisfies PolicyOptions;
const IN_REQUEST_ID = { repair: "on", carrier: { field: "x-request-id", read: true } } as const satisfies PolicyOptions;

export const REPAIR_BEHAVIOURS: readonly SubjectBehaviour[] = [
  {
    name: "restores a context that only the carrier brought, and takes the carrier out",
    async run(rig) {
      const { arrived, crossing } = await rig.pass(["x-tracemend-context", carried()], { policy: READING });
      expect(fieldValues(arrived, "traceparent")).toEqual([TRACEPARENT]);
      expect(fieldValues(arrived, "tracestate")).toEqual(["a=1"]);
      expect(fieldValue(arrived, "x-tracemend-context")).toBeUndefined();
      expect(crossing.verdict).toMatchObject({ action: "repair", reason: "carrier-restored", repaired: ["carrier"] });
    },
  },
  {
    name: "puts the caller's own request id back where the carrier came in its field",
    async run(rig) {
      const { arrived, crossing } = await rig.pass(["x-request-id", carried("r-1")], { policy: IN_REQUEST_ID });
      expect(fieldValues(arrived, "traceparent")).toEqual([TRACEPARENT]);
      expect(fieldValues(arrived, "x-request-id")).toEqual(["r-1"]);
      expect(crossing.requestId).toBe("r-1");
      const none = await rig.pass(["x-request-id", carried()], { policy: IN_REQUEST_ID });
      expect(fieldValue(none.arrived, "x-request-id")).toBeUndefined();
      expect(none.crossing.requestId).toBeUndefined();
    },
  },
  {
    name: "leaves a request id that is no carrier, and a carrier that nobody reads, as they are",
    async run(rig) {
      const own = await rig.pass(["traceparent", TRACEPARENT, "x-request-id", "r-1"], { policy: IN_REQUEST_ID });
      expect(fieldValues(own.arrived, "x-request-id")).toEqual(["r-1"]);
      expect(own.crossing).toMatchObject({ requestId: "r-1", verdict: { edits: [] } });
      const unread = await rig.pass(["x-request-id", carried("r-1")]);
      expect(fieldValues(unread.arrived, "x-request-id")).toEqual([carried("r-1")]);
      expect(fieldValue(unread.arrived, "traceparent")).toBeUndefined();
    },
  },
  {
    name: "says of a repair what it would do, and does nothing, where it is only to report",
    async run(rig) {
      const policy = { repair: "report", carrier: { read: true } } as const;
      const { arrived, crossing } = await rig.pass(["x-tracemend-context", carried()], { policy });
      expect(fieldValue(arrived, "traceparent")).toBeUndefined();
      expect(crossing.verdict).toMatchObject({ reported: ["carrier"], context: undefined });
    },
  },
  {
    name: "lowers a traceparent in upper case, by policy",
    async run(rig) {
      const lines = ["traceparent", TRACEPARENT.toUpperCase(), "tracestate", "a=1"];
      const { arrived, crossing } = await rig.pass(lines, { policy: { repairs: { case: "on" } } });
      expect(fieldValues(arrived, "traceparent")).toEqual([TRACEPARENT]);
      expect(fieldValues(arrived, "tracestate")).toEqual(["a=1"]);
      expect(crossing.verdict.reason).toBe("case-repaired");
    },
  },
  {
    name: "takes the first or the newest of several lines of one trace, by policy, and never one of two traces",
    async run(rig) {
      const lines = ["traceparent", TRACEPARENT, "traceparent", NEWER];
      const newest = await rig.pass(lines, { policy: { repair: "on" } });
      expect(fieldValues(newest.arrived, "traceparent")).toEqual([NEWER]);
      const first = await rig.pass(lines, { policy: { repair: "on", duplicate: "first" } });
      expect(fieldValues(first.arrived, "traceparent")).toEqual([TRACEPARENT]);
      const torn = await rig.pass(["traceparent", TRACEPARENT, "traceparent", OTHER], { policy: { repair: "on" } });
      expect(fieldValue(torn.arrived, "traceparent")).toBeUndefined();
    },
  },
  {
    name: "keeps a context that Connection names",
    async run(rig) {
      const lines = ["traceparent", TRACEPARENT, "Connection", "close, TraceParent, tracestate", "tracestate", "a=1"];
      const { arrived, crossing } = await rig.pass(lines);
      expect(fieldValues(arrived, "traceparent")).toEqual([TRACEPARENT]);
      expect(fieldValues(arrived, "tracestate")).toEqual(["a=1"]);
      expect(crossing.verdict).toMatchObject({ reason: "intact", repaired: ["nominated"] });
    },
  },
  {
    name: "does not tell the next hop to take the context out, as Connection told this one",
    except: {
      "express 4": LAST_HOP,
      "express 5": LAST_HOP,
      "express 4, bounded": LAST_HOP,
      "express 5, bounded": LAST_HOP,
      "hono on node": LAST_HOP,
      "hono, bounded, on node": LAST_HOP,
      "hono on fetch": LAST_HOP,
      "hono, bounded, on fetch": LAST_HOP,
    },
    async run(rig) {
      const { arrived } = await rig.pass(["traceparent", TRACEPARENT, "Connection", "close, TraceParent"]);
      expect(membersOf(arrived, "connection").map((option) => option.toLowerCase())).not.toContain("traceparent");
    },
  },
  {
    name: "lets only that baggage through which the policy keeps",
    async run(rig) {
      const lines = ["traceparent", TRACEPARENT, "baggage", "team=a;p=1, user=b", "baggage", "team.x=c"];
      const plain = await rig.pass(lines);
      expect(membersOf(plain.arrived, "baggage")).toEqual(["team=a;p=1", "user=b", "team.x=c"]);
      const kept = await rig.pass(lines, { policy: { baggage: { keep: ["team*"] } } });
      expect(fieldValues(kept.arrived, "baggage")).toEqual(["team=a;p=1,team.x=c"]);
      const none = await rig.pass(lines, { policy: { baggage: { drop: ["*"] } } });
      expect(fieldValue(none.arrived, "baggage")).toBeUndefined();
      expect(fieldValues(none.arrived, "traceparent")).toEqual([TRACEPARENT]);
    },
  },
  {
    name: "takes a context from another format, and clears what the policy clears",
    async run(rig) {
      const lines = ["b3", `${TRACE}-${PARENT}-1`, "x-internal", "1"];
      const policy = { extract: ["w3c", "b3"], clear: ["x-internal"] } as const;
      const { arrived, crossing } = await rig.pass(lines, { policy });
      expect(fieldValues(arrived, "traceparent")).toEqual([TRACEPARENT]);
      expect(fieldValue(arrived, "x-internal")).toBeUndefined();
      expect(crossing.verdict.reason).toBe("format-translated");
    },
  },
  {
    name: "strips every context on the way to a third party",
    async run(rig) {
      const lines = ["traceparent", TRACEPARENT, "b3", `${TRACE}-${PARENT}-1`, "baggage", "a=1", "x-other", "1"];
      const { arrived, crossing } = await rig.pass(lines, { policy: { strip: true } });
      for (const name of ["traceparent", "b3", "baggage"]) expect(fieldValue(arrived, name)).toBeUndefined();
      expect(fieldValue(arrived, "x-other")).toBe("1");
      expect(crossing.verdict.reason).toBe("egress-strip");
    },
  },
  {
    name: "says in the answer which span served it",
    except: { proxy: NO_ANSWERS, "http-proxy-3": NO_ANSWERS },
    async run(rig) {
      const lines = ["traceparent", TRACEPARENT];
      const value = `00-${TRACE}-${SPANS.serverSpanId}-01`;
      const asked = await rig.pass(lines, { answer: ["traceresponse", "server-timing"], spans: granted });
      expect(fieldValues(asked.answered, "traceresponse")).toEqual([value]);
      expect(fieldValues(asked.answered, "server-timing")).toEqual([`traceparent;desc="${value}"`]);
      const served = await rig.pass(lines, { answer: ["traceresponse"] });
      expect(fieldValue(served.answered, "traceresponse")).toBeUndefined();
    },
  },
  {
    name: "says nothing of it where nobody asked",
    async run(rig) {
      const { answered } = await rig.pass(["traceparent", TRACEPARENT], { spans: granted });
      expect(fieldValue(answered, "traceresponse")).toBeUndefined();
      expect(fieldValue(answered, "server-timing")).toBeUndefined();
    },
  },
];
