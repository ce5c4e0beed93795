import { describe, expect, it } from "vitest";
import { formatTraceparent, parseTraceparent } from "../src/index.ts";
import { isPlainTraceparentCold } from "../src/plain-traceparent-cold.ts";
import { isPlainTraceparent } from "../src/traceparent.ts";
import { PARENT, PARENT_LINE, TRACE } from "./heads.ts";

const codes = (value: string) => {
  const reading = parseTraceparent(value);
  return reading.kind === "valid" ? reading.notes.map((note) => note.code) : reading.defects.map((each) => each.code);
};
const invalid = (value: string) => [parseTraceparent(value).kind, ...codes(value)];

describe("traceparent", () => {
  it("is plain to both ways of asking where it is valid, of version 00 and without notes", () => {
    const isPlain = (value: string) =>
      value.length === 55 &&
      value.startsWith("00") &&
      parseTraceparent(value).kind === "valid" &&
      codes(value).length === 0;
    const whole = `00-${"0".repeat(32)}-${"0".repeat(16)}-00`;
    const values = ["", PARENT_LINE, `${PARENT_LINE}-x`, `${PARENT_LINE} `, PARENT_LINE.slice(1), whole];
    for (const base of [PARENT_LINE, whole, `00-${TRACE}-${"0".repeat(16)}-00`, `00-${"0".repeat(32)}-${PARENT}-00`])
      for (let at = 0; at < base.length; at += 1)
        for (let code = 0; code < 0x180; code += 1)
          values.push(base.slice(0, at) + String.fromCharCode(code) + base.slice(at + 1));
    const plain = values.filter(isPlain);
    expect(values.filter(isPlainTraceparent)).toEqual(plain);
    expect(values.filter(isPlainTraceparentCold)).toEqual(plain);
    expect(plain.length).toBeGreaterThan(1000);
  });

  it("is read into ids and flags", () => {
    expect(parseTraceparent(PARENT_LINE)).toEqual({
      kind: "valid",
      context: { traceId: TRACE, parentId: PARENT, flags: 1, tracestate: "" },
      notes: [],
    });
  });

  it("of version 00 has 55 characters and no tail", () => {
    expect(invalid(`${PARENT_LINE}-x`)).toEqual(["invalid", "version-tail"]);
    expect(invalid(`${PARENT_LINE}.`)).toEqual(["invalid", "version-tail"]);
    expect(invalid(`${PARENT_LINE}-`)).toEqual(["invalid", "version-tail"]);
  });

  it("that breaks off is told from one that is no traceparent", () => {
    for (let length = 1; length < 55; length += 1)
      expect(invalid(PARENT_LINE.slice(0, length))).toEqual(["invalid", "traceparent-truncated"]);
    expect(invalid(`00-${TRACE}-${PARENT}-`)).toEqual(["invalid", "traceparent-truncated"]);
    for (const value of ["", "hello", `0-${TRACE}-${PARENT}-01`, `00-${TRACE}-${PARENT}-.1`.slice(0, 54)])
      expect(invalid(value)).toEqual(["invalid", "traceparent-length"]);
  });

  it("with two trailing hyphens and no flags is no traceparent", () => {
    expect(invalid(`00-${TRACE}-${PARENT}--`)).toEqual(["invalid", "traceparent-length"]);
  });

  it("of a newer version is read by its first 55 characters", () => {
    for (const tail of ["", "-", "-what-the-future-brings", "-,;=@"]) {
      const reading = parseTraceparent(`cc-${TRACE}-${PARENT}-01${tail}`);
      expect(reading).toMatchObject({ kind: "valid", context: { traceId: TRACE, parentId: PARENT, flags: 1 } });
      expect(codes(`cc-${TRACE}-${PARENT}-01${tail}`)).toEqual(["version-future"]);
    }
    expect(invalid(`cc-${TRACE}-${PARENT}-01.x`)).toEqual(["invalid", "traceparent-syntax"]);
    expect(invalid(`cc-${TRACE}-${PARENT}-0`)).toEqual(["invalid", "traceparent-truncated"]);
  });

  it("of version ff is refused", () => {
    expect(invalid(`ff-${TRACE}-${PARENT}-01`)).toEqual(["invalid", "version-forbidden"]);
    expect(parseTraceparent(`fe-${TRACE}-${PARENT}-01`).kind).toBe("valid");
  });

  it("names no trace and no parent of zeros", () => {
    expect(invalid(`00-${"0".repeat(32)}-${PARENT}-01`)).toEqual(["invalid", "trace-id-zero"]);
    expect(invalid(`00-${TRACE}-${"0".repeat(16)}-01`)).toEqual(["invalid", "parent-id-zero"]);
  });

  it("in upper case is named as that, unless it is wrong all the same", () => {
    expect(invalid(PARENT_LINE.toUpperCase())).toEqual(["invalid", "traceparent-upper-case"]);
    expect(invalid(`00-${"0".repeat(32)}-${PARENT.toUpperCase()}-01`)).toEqual(["invalid", "traceparent-syntax"]);
  });

  it("refuses a foreign character in any place", () => {
    for (let at = 0; at < PARENT_LINE.length; at += 1) {
      for (const sign of [".", "g", "\u00e9", "\u0130", "\u0000"]) {
        const value = PARENT_LINE.slice(0, at) + sign + PARENT_LINE.slice(at + 1);
        expect(parseTraceparent(value).kind).toBe("invalid");
      }
    }
  });

  it("keeps every flag bit that came and sends only the two that are defined", () => {
    for (const [came, leaves, noted] of [
      ["00", "00", false],
      ["01", "01", false],
      ["02", "02", false],
      ["03", "03", false],
      ["04", "00", true],
      ["09", "01", true],
      ["10", "00", true],
      ["ff", "03", true],
    ] as const) {
      const reading = parseTraceparent(`00-${TRACE}-${PARENT}-${came}`);
      if (reading.kind !== "valid") throw new Error(came);
      expect(reading.context.flags).toBe(Number.parseInt(came, 16));
      expect(formatTraceparent(reading.context)).toBe(`00-${TRACE}-${PARENT}-${leaves}`);
      expect(reading.notes.map((note) => note.code)).toEqual(noted ? ["flags-reserved"] : []);
    }
  });
});
