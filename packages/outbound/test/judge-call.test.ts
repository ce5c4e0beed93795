import type { Repair } from "@tracemend/context";
import { parseTraceparent } from "@tracemend/context";
import { describe, expect, it } from "vitest";
import type { Carried } from "../src/index.ts";
import { applyToHead } from "../src/head.ts";
import type { Head } from "../src/head.ts";
import { judgeCall, judgeForeign } from "../src/judge-call.ts";
import { OTHER_LINE, PARENT_LINE, TRACE } from "./peers.ts";

const NEXT_LINE = `00-${TRACE}-b9c7c989f97918e1-00`;
const LEVELS: readonly Repair[] = ["off", "report", "on"];
const FIELDS = ["traceparent", "tracestate", "baggage"];

function headOf(fields: Readonly<Record<string, readonly string[]>>, sealed = false): Head {
  const values = new Map(Object.entries(fields));
  return {
    sealed,
    values: (name) => values.get(name) ?? [],
    set: (name, value) => void values.set(name, [value]),
    remove: (name) => void values.delete(name),
  };
}

const reading = parseTraceparent(PARENT_LINE);
const context = reading.kind === "valid" ? reading.context : undefined;
const CARRIED: readonly (Carried | undefined)[] = [
  undefined,
  { context: undefined, lines: [] },
  { context: undefined, lines: ["baggage", "shop=7"] },
  { context, lines: ["traceparent", PARENT_LINE] },
  { context, lines: ["traceparent", PARENT_LINE, "tracestate", "a=1", "baggage", "shop=7"] },
];
const PRESENT: readonly (readonly string[])[] = [
  [],
  [PARENT_LINE],
  [OTHER_LINE],
  ["malformed"],
  [PARENT_LINE, PARENT_LINE],
  [PARENT_LINE, NEXT_LINE],
  ["malformed", PARENT_LINE],
  ["malformed", "worse"],
  [OTHER_LINE, PARENT_LINE, NEXT_LINE],
];
const STATES: readonly (readonly string[])[] = [[], ["old=1"], ["old=1", "new=2"]];

/** Every head, request and level there is: a head that can be written, and one that cannot. */
function* everyCase() {
  for (const traceparent of PRESENT)
    for (const tracestate of STATES)
      for (const carried of CARRIED)
        for (const carry of LEVELS)
          for (const over of [false, true])
            yield { fields: { traceparent, tracestate }, carried, levels: { carry, withhold: carry }, over };
}

describe("judgeCall", () => {
  it("lets one traceparent leave or none, and one that is valid wherever it changed anything", () => {
    let cases = 0;
    for (const { fields, carried, levels, over } of everyCase()) {
      const head = headOf(fields);
      const outcome = judgeCall(head, levels, carried, over);
      applyToHead(head, outcome.edits);
      const left = head.values("traceparent");
      expect(left.length).toBeLessThanOrEqual(1);
      const written = outcome.edits.some(({ name }) => name === "traceparent") ? left : [];
      expect(written.filter((value) => parseTraceparent(value).kind !== "valid")).toEqual([]);
      const orphaned = left.length === 0 && fields.traceparent.length > 0 ? head.values("tracestate") : [];
      expect(orphaned).toEqual([]);
      cases += 1;
    }
    expect(cases).toBe(PRESENT.length * STATES.length * CARRIED.length * LEVELS.length * 2);
  });

  it("says the same of a head it has put right: nothing is left to do", () => {
    for (const { fields, carried, levels, over } of everyCase()) {
      const head = headOf(fields);
      applyToHead(head, judgeCall(head, levels, carried, over).edits);
      const again = judgeCall(head, levels, carried, over);
      expect(again.edits).toEqual([]);
    }
  });

  it("changes nothing of a head that is sealed, and only a doubled context where the level is not on", () => {
    for (const { fields, carried, levels, over } of everyCase()) {
      expect(judgeCall(headOf(fields, true), levels, carried, over).edits).toEqual([]);
    }
    for (const { fields, carried, levels, over } of everyCase()) {
      const { action } = judgeCall(headOf(fields), levels, carried, over);
      const changing = levels.carry === "on" ? ["carried", "single"] : ["single"];
      expect(["kept", "left", "reported", ...changing]).toContain(action);
    }
  });

  it("puts a whole context on, never a tracestate of one beside a traceparent of another", () => {
    const head = headOf({ traceparent: ["malformed"], tracestate: ["old=1"] });
    const levels = { carry: "on", withhold: "on" } as const;
    const outcome = judgeCall(head, levels, { context, lines: ["traceparent", PARENT_LINE] }, false);
    applyToHead(head, outcome.edits);
    expect(outcome).toMatchObject({ action: "carried", reason: "invalid-context" });
    expect(head.values("tracestate")).toEqual([]);
  });
});

describe("judgeForeign", () => {
  it("leaves no trace field on a call to a foreign target where the level is on, and tells of it where it reports", () => {
    const fields = { traceparent: [PARENT_LINE], baggage: ["user=7"] };
    for (const withhold of LEVELS) {
      const head = headOf(fields);
      const outcome = judgeForeign(head, { carry: "on", withhold }, FIELDS);
      applyToHead(head, outcome.edits);
      expect(FIELDS.flatMap((name) => head.values(name))).toHaveLength(withhold === "on" ? 0 : 2);
      expect(outcome.action).toBe({ off: "left", report: "reported", on: "withheld" }[withhold]);
    }
  });
});
