import { describe, expect, it } from "vitest";
import { OWN_KEY, formatOwnMember, hashTraceId, parseOwnMember } from "../src/index.ts";
import { isClusterName, isOthersAlone } from "../src/own-member.ts";
import { PARENT, TRACE } from "./heads.ts";

const MEMBER = { cluster: "eu-1", hop: 2, traceIdHash: hashTraceId(TRACE), spanId: PARENT, flags: 1 };
const TEXT = `1.eu-1.02.${hashTraceId(TRACE)}.${PARENT}.01`;

describe("the own member", () => {
  it("is written and read back", () => {
    expect(formatOwnMember(MEMBER)).toBe(TEXT);
    expect(parseOwnMember(TEXT)).toEqual(MEMBER);
  });

  it("is at most 64 characters long, its key included", () => {
    const longest = formatOwnMember({ ...MEMBER, cluster: "abcdefgh-1234567", hop: 255 });
    expect(`${OWN_KEY}=${longest}`.length).toBeLessThanOrEqual(64);
  });

  it("of a newer version is read by the parts of version 1", () => {
    expect(parseOwnMember(`2${TEXT.slice(1)}.what.comes-later`)).toEqual(MEMBER);
    expect(parseOwnMember(`${TEXT}.more`)).toEqual(MEMBER);
  });

  it("is never guessed at", () => {
    const bad = [
      "",
      "1",
      "0" + TEXT.slice(1),
      "10" + TEXT.slice(1),
      `${TEXT}x`,
      TEXT.slice(0, -1),
      TEXT.replace("eu-1", "EU"),
      TEXT.replace("eu-1", ""),
      TEXT.replace("eu-1", "abcdefgh-12345678"),
      TEXT.replace(".02.", ".00."),
      TEXT.replace(".02.", ".2."),
      TEXT.replace(PARENT, "0".repeat(16)),
      TEXT.replace(PARENT, PARENT.toUpperCase()),
      TEXT.replaceAll(".", "-"),
    ];
    for (const value of bad) expect(parseOwnMember(value)).toBeUndefined();
  });

  it("is told from the members of others, in short lists at a glance", () => {
    for (const list of ["a=1", "a=1,b= 2", "a=1,ab=2,abc=3", "tmo=1,tm@x=2,t=3"])
      expect(isOthersAlone(list)).toBe(true);
    for (const list of [
      "",
      "tm=1",
      "a=1,tm=1",
      "a=1,b=2,tm=1",
      "a=1,a=2",
      "a=1,b=2,a=3",
      "a=1,b=2,b=3",
      "a=1,b=2,c=3,d=4",
    ])
      expect(isOthersAlone(list)).toBe(false);
    expect([`a=${"x".repeat(254)}`, `a=${"x".repeat(255)}`].map(isOthersAlone)).toEqual([true, false]);
  });

  it("sends no flag bits but the two that are defined", () => {
    expect(formatOwnMember({ ...MEMBER, flags: 0xff })).toMatch(/\.03$/);
  });

  it("names clusters by letters, digits and hyphens", () => {
    expect(["a", "eu-west-1", "0123456789abcdef"].every(isClusterName)).toBe(true);
    expect(["", "A", "a.b", "a_b", "0123456789abcdefg", "é"].some(isClusterName)).toBe(false);
  });
});
