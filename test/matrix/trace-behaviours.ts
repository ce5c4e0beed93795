/** What becomes of the trace: which one goes on, under which parent, and where it ends. */
import { fieldValue, fieldValues } from "@tracemend/context";
import { expect } from "vitest";
import type { SubjectBehaviour } from "./subject-behaviour.ts";
import { NEWER, NO_SPANS, OTHER, PARENT, SPANS, TRACE, TRACEPARENT, granted, membersOf } from "./subject-behaviour.ts";

const OWN_PARENT = `00-${TRACE}-${SPANS.clientSpanId}-01`;
const OWN_TRACE = `00-${SPANS.traceId}-${SPANS.clientSpanId}-03`;

const JOINED = "an app of Hono sees Headers, which lower names and join lines";

/** Each one is a context of no one. */
const INVALID = [
  `00-${"0".repeat(32)}-${PARENT}-01`,
  `00-${TRACE}-${"0".repeat(16)}-01`,
  `ff-${TRACE}-${PARENT}-01`,
  `${TRACEPARENT}-00`,
  TRACEPARENT.toUpperCase(),
  TRACEPARENT.slice(1),
  "",
  "\u00e9",
];

export const TRACE_BEHAVIOURS: readonly SubjectBehaviour[] = [
  {
    name: "keeps the trace and names a granted span as the parent",
    except: NO_SPANS,
    async run(rig) {
      const lines = ["traceparent", TRACEPARENT, "tracestate", "a=1"];
      const { status, arrived, crossing } = await rig.pass(lines, { spans: granted });
      expect(status).toBe(200);
      expect(fieldValues(arrived, "traceparent")).toEqual([OWN_PARENT]);
      expect(fieldValue(arrived, "tracestate")).toMatch(/^tm=1\.eu-1\..*,a=1$/);
      expect(crossing).toMatchObject({ spans: SPANS, verdict: { action: "preserve", ownParent: true } });
    },
  },
  {
    name: "lets the parent through that came in where no span is granted",
    async run(rig) {
      const lines = ["traceparent", TRACEPARENT, "tracestate", "a=1", "tracestate", "b=2"];
      const { arrived, crossing } = await rig.pass(lines);
      expect(fieldValues(arrived, "traceparent")).toEqual([TRACEPARENT]);
      expect(membersOf(arrived, "tracestate")).toEqual(["a=1", "b=2"]);
      expect(crossing).toMatchObject({ spans: undefined, verdict: { reason: "intact", ownParent: false, edits: [] } });
    },
  },
  {
    name: "leaves the lines of a clean head as they came",
    except: {
      "hono on node": JOINED,
      "hono, bounded, on node": JOINED,
      "hono on fetch": JOINED,
      "hono, bounded, on fetch": JOINED,
      "http-proxy-3": "http-proxy-3 sends on what Node has folded",
    },
    async run(rig) {
      const lines = ["X-Many", "1", "TraceParent", TRACEPARENT, "x-many", "2", "X-MANY", "3"];
      const { arrived } = await rig.pass(lines);
      expect(arrived.join("\n")).toContain(lines.join("\n"));
    },
  },
  {
    name: "begins a trace where none came in and a span is granted",
    except: NO_SPANS,
    async run(rig) {
      const { arrived, crossing } = await rig.pass([], { spans: granted });
      expect(fieldValues(arrived, "traceparent")).toEqual([OWN_TRACE]);
      expect(crossing.verdict).toMatchObject({ action: "start", reason: "no-context" });
    },
  },
  {
    name: "begins none where no span is granted, and takes out a tracestate that belongs to none",
    async run(rig) {
      const { arrived, crossing } = await rig.pass(["tracestate", "a=1", "x-other", "1"]);
      expect(fieldValue(arrived, "traceparent")).toBeUndefined();
      expect(fieldValue(arrived, "tracestate")).toBeUndefined();
      expect(fieldValue(arrived, "x-other")).toBe("1");
      expect(crossing.verdict.context).toBeUndefined();
    },
  },
  {
    name: "restarts a trace of a caller that is not believed, and links to it",
    except: NO_SPANS,
    async run(rig) {
      const lines = ["traceparent", TRACEPARENT, "tracestate", "a=1"];
      const { arrived, crossing } = await rig.pass(lines, { policy: { trust: "restart" }, spans: granted });
      expect(fieldValues(arrived, "traceparent")).toEqual([OWN_TRACE]);
      expect(membersOf(arrived, "tracestate")).toEqual([expect.stringMatching(/^tm=1\./)]);
      expect(crossing.verdict).toMatchObject({
        action: "restart",
        reason: "untrusted",
        links: [{ traceId: TRACE, parentId: PARENT }],
      });
    },
  },
  {
    name: "ends a trace of a caller that is not believed where no span is granted, and says which it was",
    async run(rig) {
      const { arrived, crossing } = await rig.pass(["traceparent", TRACEPARENT], { policy: { trust: "restart" } });
      expect(fieldValue(arrived, "traceparent")).toBeUndefined();
      expect(crossing.verdict).toMatchObject({ action: "strip", links: [{ traceId: TRACE, parentId: PARENT }] });
    },
  },
  {
    name: "ends what is invalid, and its tracestate with it",
    async run(rig) {
      for (const invalid of INVALID) {
        const { status, arrived, crossing } = await rig.pass(["traceparent", invalid, "tracestate", "a=1"]);
        expect([status, ...fieldValues(arrived, "traceparent")]).toEqual([200]);
        expect(fieldValues(arrived, "tracestate")).toEqual([]);
        expect(crossing).toMatchObject({ reading: { kind: "invalid" }, verdict: { action: "strip" } });
      }
    },
  },
  {
    name: "begins a trace in place of what is invalid where a span is granted",
    except: NO_SPANS,
    async run(rig) {
      for (const invalid of INVALID) {
        const { arrived, crossing } = await rig.pass(["traceparent", invalid], { spans: granted });
        expect(fieldValues(arrived, "traceparent")).toEqual([OWN_TRACE]);
        expect(crossing.verdict).toMatchObject({ action: "restart", reason: "invalid-context" });
      }
    },
  },
  {
    name: "lets one of two identical lines through, and of one line that joins them",
    async run(rig) {
      for (const lines of [
        ["traceparent", TRACEPARENT, "x-other", "1", "Traceparent", TRACEPARENT],
        ["traceparent", `${TRACEPARENT}, ${TRACEPARENT}`],
        ["traceparent", `${TRACEPARENT},${TRACEPARENT}`],
      ]) {
        const { arrived, crossing } = await rig.pass(lines);
        expect(fieldValues(arrived, "traceparent")).toEqual([TRACEPARENT]);
        expect(crossing.verdict).toMatchObject({ action: "preserve", reason: "intact" });
      }
    },
  },
  {
    name: "lets none of several that disagree through, be they of one trace, in two lines or in one",
    async run(rig) {
      for (const other of [NEWER, OTHER])
        for (const lines of [
          ["traceparent", TRACEPARENT, "traceparent", other],
          ["traceparent", `${TRACEPARENT}, ${other}`],
        ]) {
          const { arrived, crossing } = await rig.pass([...lines, "tracestate", "a=1"]);
          expect(fieldValue(arrived, "traceparent")).toBeUndefined();
          expect(fieldValue(arrived, "tracestate")).toBeUndefined();
          expect(crossing.verdict.action).toBe("strip");
        }
    },
  },
  {
    name: "restarts where two lines disagree and a span is granted",
    except: NO_SPANS,
    async run(rig) {
      const lines = ["traceparent", TRACEPARENT, "traceparent", OTHER];
      const { arrived, crossing } = await rig.pass(lines, { spans: granted });
      expect(fieldValues(arrived, "traceparent")).toEqual([OWN_TRACE]);
      expect(crossing.verdict.action).toBe("restart");
    },
  },
];
