/** One list of behaviours over everything the boundary stands in front of, and where it does not hold. */
import { afterEach, describe, expect, it } from "vitest";
import { BODY_BEHAVIOURS } from "./body-behaviours.ts";
import { CROSSING_BEHAVIOURS } from "./crossing-behaviours.ts";
import { REPAIR_BEHAVIOURS } from "./repair-behaviours.ts";
import type { SubjectRig } from "./subject-rig.ts";
import { createSubjectRig } from "./subject-rig.ts";
import type { SubjectName } from "./subjects.ts";
import { SUBJECTS } from "./subjects.ts";
import { TRACE_BEHAVIOURS } from "./trace-behaviours.ts";

const BEHAVIOURS = [...TRACE_BEHAVIOURS, ...REPAIR_BEHAVIOURS, ...CROSSING_BEHAVIOURS, ...BODY_BEHAVIOURS];

const rigs: SubjectRig[] = [];
afterEach(async () => {
  await Promise.all(rigs.splice(0).map((rig) => rig.close()));
});

function rigOf(name: SubjectName): SubjectRig {
  const rig = createSubjectRig(SUBJECTS[name]);
  rigs.push(rig);
  return rig;
}

const JOINED = "an app of Hono sees Headers, which lower names and join lines";
const LAST_HOP = "it is the last hop: its app sees Connection as it came";
const NO_ANSWERS = "its answers are the upstream's own";
const NO_SPANS = "a gateway of http-proxy-3 has no spans of its own";

/** Written out here too: that a behaviour does not hold somewhere is a decision. */
const EXPECTED: readonly (readonly [SubjectName, reason: string, behaviour: string])[] = [
  ["proxy", NO_ANSWERS, "says in the answer which span served it"],
  ["express 4", LAST_HOP, "does not tell the next hop to take the context out, as Connection told this one"],
  ["express 5", LAST_HOP, "does not tell the next hop to take the context out, as Connection told this one"],
  ["express 4, bounded", LAST_HOP, "does not tell the next hop to take the context out, as Connection told this one"],
  ["express 5, bounded", LAST_HOP, "does not tell the next hop to take the context out, as Connection told this one"],
  ["hono on node", JOINED, "leaves the lines of a clean head as they came"],
  ["hono on node", LAST_HOP, "does not tell the next hop to take the context out, as Connection told this one"],
  ["hono on fetch", JOINED, "leaves the lines of a clean head as they came"],
  ["hono on fetch", LAST_HOP, "does not tell the next hop to take the context out, as Connection told this one"],
  ["hono on fetch", "a Request does not tell who sent it", "knows who called"],
  [
    "hono on fetch",
    "a fetch runtime tells nobody when the body of an answer ends",
    "tells a caller that left within its answer once",
  ],
  ["hono, bounded, on node", JOINED, "leaves the lines of a clean head as they came"],
  [
    "hono, bounded, on node",
    LAST_HOP,
    "does not tell the next hop to take the context out, as Connection told this one",
  ],
  ["hono, bounded, on fetch", JOINED, "leaves the lines of a clean head as they came"],
  [
    "hono, bounded, on fetch",
    LAST_HOP,
    "does not tell the next hop to take the context out, as Connection told this one",
  ],
  ["hono, bounded, on fetch", "a Request does not tell who sent it", "knows who called"],
  [
    "hono, bounded, on fetch",
    "a fetch runtime tells nobody when the body of an answer ends",
    "tells a caller that left within its answer once",
  ],
  ["http-proxy-3", NO_SPANS, "keeps the trace and names a granted span as the parent"],
  ["http-proxy-3", "http-proxy-3 sends on what Node has folded", "leaves the lines of a clean head as they came"],
  ["http-proxy-3", NO_SPANS, "begins a trace where none came in and a span is granted"],
  ["http-proxy-3", NO_SPANS, "restarts a trace of a caller that is not believed, and links to it"],
  ["http-proxy-3", NO_SPANS, "begins a trace in place of what is invalid where a span is granted"],
  ["http-proxy-3", NO_SPANS, "restarts where two lines disagree and a span is granted"],
  ["http-proxy-3", NO_ANSWERS, "says in the answer which span served it"],
  ["http-proxy-3", NO_SPANS, "asks for spans only where they are to be used"],
];

const PLACES = (Object.keys(SUBJECTS) as SubjectName[]).flatMap((subject) =>
  BEHAVIOURS.map((behaviour) => ({ subject, behaviour, name: behaviour.name, reason: behaviour.except?.[subject] })),
);

describe("the boundary of a subject", () => {
  const holding = PLACES.filter(({ reason }) => reason === undefined);
  it.each(holding)("$subject: $name", async ({ subject, behaviour }) => {
    expect.hasAssertions();
    await behaviour.run(rigOf(subject));
  });

  const exceptions = PLACES.filter(({ reason }) => reason !== undefined);
  it.each(exceptions)("$subject, $reason: not $name", async ({ subject, behaviour }) => {
    await expect(behaviour.run(rigOf(subject))).rejects.toMatchObject({ name: "AssertionError" });
  });

  it("has these exceptions and no others", () => {
    const found = exceptions.map(({ subject, reason, name }) => [subject, reason, name]);
    expect(found).toEqual(EXPECTED);
  });
});
