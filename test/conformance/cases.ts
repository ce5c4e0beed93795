// What W3C Trace Context Level 2 demands of a participant and of a proxy that passes through, case by case: data and one
// check of the lines that left, so that the same cases run against the library and through real sockets.
import { fieldValues, memberValue, parseTraceparent } from "@tracemend/context";
import type { FieldLines } from "@tracemend/context";

/** `participant`: a span of its own is exported for the request. `pass-through`: none is. */
export type Role = "participant" | "pass-through";

export interface ConformanceCase {
  /** Where the demand stands. */
  readonly section: string;
  /** The demand, as a sentence. */
  readonly demand: string;
  readonly role: Role;
  /** The fields that are sent; a transport adds its own. */
  readonly sent: FieldLines;
  readonly expected: Expected;
}

export interface Expected {
  /** `kept`: the trace goes on; `new`: another one begins; `none`: no traceparent leaves. */
  readonly trace: "kept" | "new" | "none";
  /** Whether the parent that leaves is the one that was sent. Left out where no parent was sent or any will do. */
  readonly parent?: "kept" | "changed";
  /** Two digits. */
  readonly flags?: string;
  /** The whole of `traceparent`. */
  readonly traceparent?: string;
  /** The members of others that leave, in order; `tm` is the system's own. */
  readonly tracestate?: string;
}

export const TRACE_ID = "12345678901234567890123456789012";
export const PARENT_ID = "1234567890123456";

const PARENT = `00-${TRACE_ID}-${PARENT_ID}-01`;
const UNSAMPLED = `00-${TRACE_ID}-${PARENT_ID}-00`;
const OTHER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const parent = (value: string): FieldLines => ["traceparent", value];
const state = (...values: readonly string[]): FieldLines => [
  ...parent(PARENT),
  ...values.flatMap((value) => ["tracestate", value]),
];
const KEPT: Expected = { trace: "kept", parent: "changed" };
const members = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `bar${String(at + from).padStart(2, "0")}=${at + from}`).join(",");

type Row = readonly [section: string, demand: string, sent: FieldLines, expected: Expected];

const PARTICIPANT: readonly Row[] = [
  ["3.4", "without a context a trace begins", [], { trace: "new" }],
  ["3.4", "a valid context goes on under a new parent", parent(PARENT), KEPT],
  ["3.2.1", "the field's name has no case", ["TraceParent", PARENT], KEPT],
  ["3.2.1", "nor in capitals", ["TRACEPARENT", PARENT], KEPT],
  ["3.2.1", "nor in any mixture", ["TrAcEpArEnT", PARENT], KEPT],
  ["3.2.1", "a name with a hyphen is another field", ["trace-parent", PARENT], { trace: "new" }],
  ["3.2.1", "a name with a dot is another field", ["trace.parent", PARENT], { trace: "new" }],
  ["3.2.1", "two different values begin a new trace", [...parent(OTHER), ...parent(PARENT)], { trace: "new" }],
  ["3.2.1", "two values of one trace do as well", [...parent(PARENT), ...parent(UNSAMPLED)], { trace: "new" }],
  ["3.2.1", "the same value twice is one", [...parent(PARENT), ...parent(PARENT)], KEPT],
  ["3.2.2", "blanks before the value are no part of it", parent(` \t${PARENT}`), KEPT],
  ["3.2.2", "blanks behind the value are no part of it", parent(`${PARENT} \t`), KEPT],
  ["3.2.2", "an empty value begins a new trace", parent(""), { trace: "new" }],
  ["3.2.2.1", "version ff is forbidden", parent(`ff${PARENT.slice(2)}`), { trace: "new" }],
  ["3.2.2.1", "a version has hexadecimal digits", parent(`.0${PARENT.slice(2)}`), { trace: "new" }],
  ["3.2.2.1", "a version has lower-case digits", parent(`0A${PARENT.slice(2)}`), { trace: "new" }],
  ["3.2.2.1", "a version has not three digits", parent(`000${PARENT.slice(2)}`), { trace: "new" }],
  ["3.2.2.1", "a version has not four digits", parent(`0000${PARENT.slice(2)}`), { trace: "new" }],
  ["3.2.2.1", "a version has not one digit", parent(`0${PARENT.slice(2)}`), { trace: "new" }],
  ["3.2.2.2", "version 00 ends with the flags", parent(`${PARENT}-what-the-future`), { trace: "new" }],
  ["3.2.2.2", "version 00 has no hyphen behind the flags", parent(`${PARENT}-`), { trace: "new" }],
  ["3.2.2.2", "version 00 has nothing else there", parent(`${PARENT}.`), { trace: "new" }],
  ["3.2.2.3", "a trace id is not all zero", parent(PARENT.replace(TRACE_ID, "0".repeat(32))), { trace: "new" }],
  [
    "3.2.2.3",
    "a trace id has hexadecimal digits",
    parent(PARENT.replace(TRACE_ID, `.${TRACE_ID.slice(1)}`)),
    { trace: "new" },
  ],
  [
    "3.2.2.3",
    "a trace id has lower-case digits",
    parent(PARENT.replace(TRACE_ID, `${TRACE_ID.slice(1)}A`)),
    { trace: "new" },
  ],
  ["3.2.2.3", "a trace id is not longer", parent(PARENT.replace(TRACE_ID, `${TRACE_ID}3`)), { trace: "new" }],
  ["3.2.2.3", "a trace id is not shorter", parent(PARENT.replace(TRACE_ID, TRACE_ID.slice(1))), { trace: "new" }],
  ["3.2.2.4", "a parent id is not all zero", parent(`00-${TRACE_ID}-${"0".repeat(16)}-01`), { trace: "new" }],
  [
    "3.2.2.4",
    "a parent id has hexadecimal digits",
    parent(`00-${TRACE_ID}-.${PARENT_ID.slice(1)}-01`),
    { trace: "new" },
  ],
  [
    "3.2.2.4",
    "a parent id has lower-case digits",
    parent(`00-${TRACE_ID}-A${PARENT_ID.slice(1)}-01`),
    { trace: "new" },
  ],
  ["3.2.2.4", "a parent id is not longer", parent(`00-${TRACE_ID}-${PARENT_ID}7-01`), { trace: "new" }],
  ["3.2.2.4", "a parent id is not shorter", parent(`00-${TRACE_ID}-${PARENT_ID.slice(1)}-01`), { trace: "new" }],
  ["3.2.2.5", "flags have hexadecimal digits", parent(`${PARENT.slice(0, -2)}.0`), { trace: "new" }],
  ["3.2.2.5", "flags have lower-case digits", parent(`${PARENT.slice(0, -2)}0A`), { trace: "new" }],
  ["3.2.2.5", "flags are not longer", parent(`${PARENT}0`), { trace: "new" }],
  ["3.2.2.5", "flags are not shorter", parent(PARENT.slice(0, -1)), { trace: "new" }],
  ["3.2.2.5", "flags are not missing", parent(PARENT.slice(0, -2)), { trace: "new" }],
  ["3.2.2.5.1", "a recorded trace is marked as sampled", parent(PARENT), { ...KEPT, flags: "01" }],
  ["3.2.2.5.2", "the random flag stays set", parent(`${PARENT.slice(0, -2)}03`), { ...KEPT, flags: "03" }],
  ["3.2.2.5.2", "the random flag stays unset", parent(PARENT), { ...KEPT, flags: "01" }],
  ["3.2.2.5.2", "a new trace has random digits and says so", [], { trace: "new", flags: "03" }],
  ["3.2.2.5.3", "reserved flags leave as zero", parent(`${PARENT.slice(0, -2)}ff`), { ...KEPT, flags: "03" }],
  ["3.2.2.5.3", "one reserved flag as well", parent(`${PARENT.slice(0, -2)}09`), { ...KEPT, flags: "01" }],
  ["3.2.4", "a newer version is read by what is known of it", parent(`cc${PARENT.slice(2)}`), { ...KEPT, flags: "01" }],
  ["3.2.4", "a newer version may go on behind a hyphen", parent(`cc${PARENT.slice(2)}-what-the-future`), KEPT],
  ["3.2.4", "a newer version may end with a hyphen", parent(`cc${PARENT.slice(2)}-`), KEPT],
  [
    "3.2.4",
    "a newer version goes on behind nothing else",
    parent(`cc${PARENT.slice(2)}.what-the-future`),
    { trace: "new" },
  ],
  ["3.2.4", "a newer version is not shorter", parent(`cc${PARENT.slice(2, -1)}`), { trace: "new" }],
  ["3.3", "tracestate without traceparent is not read", ["tracestate", "foo=1"], { trace: "new", tracestate: "" }],
  ["3.3", "nor beside an invalid one", [...parent("00-x"), "tracestate", "foo=1"], { trace: "new", tracestate: "" }],
  ["3.3", "an invalid tracestate harms no traceparent", state("foo"), KEPT],
  [
    "3.3.1",
    "the field's name has no case",
    [...parent(PARENT), "TraceState", "foo=1"],
    { ...KEPT, tracestate: "foo=1" },
  ],
  [
    "3.3.1",
    "a name with a hyphen is another field",
    [...parent(PARENT), "trace-state", "foo=1"],
    { ...KEPT, tracestate: "" },
  ],
  [
    "3.3.2",
    "several fields are one list, in order",
    state("foo=1,bar=2", "rojo=1,congo=2", "baz=3"),
    { ...KEPT, tracestate: "foo=1,bar=2,rojo=1,congo=2,baz=3" },
  ],
  ["3.3.2", "an empty field is accepted and not sent", state(""), { ...KEPT, tracestate: "" }],
  ["3.3.2", "an empty field before another says nothing", state("", "foo=1"), { ...KEPT, tracestate: "foo=1" }],
  ["3.3.2", "an empty field behind another says nothing", state("foo=1", ""), { ...KEPT, tracestate: "foo=1" }],
  ["3.3.2", "empty members say nothing", state("foo=1,,bar=2, ,"), { ...KEPT, tracestate: "foo=1,bar=2" }],
  [
    "3.3.2",
    "blanks around members are passed over",
    state("foo=1 \t , \t bar=2, \t baz=3"),
    { ...KEPT, tracestate: "foo=1,bar=2,baz=3" },
  ],
  [
    "3.3.2",
    "32 members are a list, and ours makes the right-most give way",
    state(members(1, 10), members(11, 20), members(21, 32)),
    { ...KEPT, tracestate: members(1, 31) },
  ],
  ["3.3.2", "33 members are none", state(members(1, 33)), { ...KEPT, tracestate: "" }],
  [
    "3.3.2.2.1",
    "a key may have every character of the grammar",
    state("0a_-*/@b=1"),
    { ...KEPT, tracestate: "0a_-*/@b=1" },
  ],
  [
    "3.3.2.2.1",
    "a key may have 256 characters",
    state("foo=1", `${"z".repeat(256)}=1`),
    { ...KEPT, tracestate: `foo=1,${"z".repeat(256)}=1` },
  ],
  ["3.3.2.2.1", "a key may not have 257", state("foo=1", `${"z".repeat(257)}=1`), { ...KEPT, tracestate: "" }],
  [
    "3.3.2.2.1",
    "a tenant may have 241 characters and more",
    state(`${"t".repeat(242)}@v=1`),
    { ...KEPT, tracestate: `${"t".repeat(242)}@v=1` },
  ],
  [
    "3.3.2.2.1",
    "an at sign may come last or twice",
    state("foo@=1,foo@@bar=2"),
    { ...KEPT, tracestate: "foo@=1,foo@@bar=2" },
  ],
  ["3.3.2.2.1", "a key does not begin with an at sign", state("@foo=1,bar=2"), { ...KEPT, tracestate: "" }],
  ["3.3.2.2.1", "a key has no capitals", state("FOO=1"), { ...KEPT, tracestate: "" }],
  ["3.3.2.2.1", "a key has no dots", state("foo.bar=1"), { ...KEPT, tracestate: "" }],
  ["3.3.2.2.1", "a key has no blank at its end", state("foo =1"), { ...KEPT, tracestate: "" }],
  [
    "3.3.2.2.2",
    "a value may have every character of the grammar",
    state("foo= !\"#$%&'()*+-./09:;<>?@AZ[\\]^_`az{|}~"),
    { ...KEPT, tracestate: "foo= !\"#$%&'()*+-./09:;<>?@AZ[\\]^_`az{|}~" },
  ],
  ["3.3.2.2.2", "a value has no equals sign", state("foo=bar=baz"), { ...KEPT, tracestate: "" }],
  ["3.3.2.2.2", "a value is not empty", state("foo=,bar=3"), { ...KEPT, tracestate: "" }],
  [
    "3.3.3",
    "of one key's members the newest is kept",
    state("foo=1,bar=2,foo=3"),
    { ...KEPT, tracestate: "foo=1,bar=2" },
  ],
  [
    "3.3.3.1",
    "long entries leave first where there is too much",
    state(`a=${"x".repeat(98)},b=${"x".repeat(200)},c=${"x".repeat(98)},d=${"x".repeat(98)}`),
    { ...KEPT, tracestate: `a=${"x".repeat(98)},c=${"x".repeat(98)},d=${"x".repeat(98)}` },
  ],
  [
    "3.3.3.1",
    "then the right-most, whole",
    state(Array.from("abcde", (name) => `${name}=${"x".repeat(98)}`).join(",")),
    { ...KEPT, tracestate: Array.from("abcd", (name) => `${name}=${"x".repeat(98)}`).join(",") },
  ],
  ["3.4", "a restart cleans tracestate", [...parent(OTHER), ...state("foo=1")], { trace: "new", tracestate: "" }],
  [
    "3.5",
    "the order of others is kept and ours goes first",
    state("b=1,tm=old,a=2"),
    { ...KEPT, tracestate: "b=1,a=2" },
  ],
];

const PASS_THROUGH: readonly Row[] = [
  [
    "3.2.4",
    "a newer version passes as it came",
    parent(`cc${UNSAMPLED.slice(2)}-future`),
    { trace: "kept", traceparent: `cc${UNSAMPLED.slice(2)}-future` },
  ],
  [
    "3.2.2.5.3",
    "flags pass as they came",
    parent(`${UNSAMPLED.slice(0, -2)}f8`),
    { trace: "kept", traceparent: `${UNSAMPLED.slice(0, -2)}f8` },
  ],
  [
    "3.4",
    "a context that is not sampled passes as it came",
    parent(UNSAMPLED),
    { trace: "kept", parent: "kept", traceparent: UNSAMPLED },
  ],
  [
    "3.4",
    "then tracestate does too",
    [...parent(UNSAMPLED), "tracestate", "a=1,b=2"],
    { trace: "kept", parent: "kept", tracestate: "a=1,b=2" },
  ],
  [
    "3.2.1",
    "the same value twice leaves once",
    [...parent(UNSAMPLED), ...parent(UNSAMPLED)],
    { trace: "kept", traceparent: UNSAMPLED },
  ],
];

const withRole =
  (role: Role) =>
  (row: Row): ConformanceCase => {
    const [section, demand, sent, expected] = row;
    return { section, demand, role, sent, expected };
  };

/** A participant is sampled in all of its cases, and a proxy that exports what is sampled passes all of the others on. */
export const CASES: readonly ConformanceCase[] = [
  ...PARTICIPANT.map(withRole("participant")),
  ...PASS_THROUGH.map(withRole("pass-through")),
];

/** What the lines that left do against the case, as sentences; empty where the case holds. */
export function violations({ expected, role, sent }: ConformanceCase, left: FieldLines): readonly string[] {
  const found: string[] = [];
  const parents = fieldValues(left, "traceparent");
  const states = fieldValues(left, "tracestate");
  const [value = ""] = parents;
  const wanted = expected.trace === "none" ? 0 : 1;
  if (parents.length !== wanted) found.push(`${parents.length} traceparent left`);
  if (states.length > 1 || states.includes("")) found.push(`tracestate left as ${JSON.stringify(states)}`);
  if (wanted === 0 || parents.length !== 1) return found;
  const reading = parseTraceparent(value);
  if (reading.kind === "invalid") return [...found, `an invalid traceparent left: ${value}`];
  const { traceId, parentId } = reading.context;
  if ((traceId === TRACE_ID) !== (expected.trace === "kept")) found.push(`trace ${traceId} left`);
  if (expected.parent !== undefined && (parentId === PARENT_ID) !== (expected.parent === "kept"))
    found.push(`parent ${parentId} left`);
  if (expected.flags !== undefined && !value.endsWith(`-${expected.flags}`)) found.push(`${value} left`);
  if (expected.traceparent !== undefined && value !== expected.traceparent) found.push(`${value} left`);
  const [list = ""] = states;
  const own = memberValue(list, "tm");
  if (role === "participant" && !list.startsWith("tm=")) found.push(`no member of ours came first: ${list}`);
  if (role === "pass-through" && own !== undefined && !sent.join().includes("tm=")) found.push("a member of ours left");
  const others = own === undefined ? list : list.slice(`tm=${own},`.length);
  if (expected.tracestate !== undefined && others !== expected.tracestate) found.push(`tracestate left as ${list}`);
  return found;
}
