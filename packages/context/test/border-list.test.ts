import { describe, expect, it } from "vitest";
import { formatOwnMember, hashTraceId } from "../src/index.ts";
import { formatBorderList, parseBorderList } from "../src/border-list.ts";
import { PARENT, TRACE } from "./heads.ts";

const MEMBER = { cluster: "eu-1", hop: 2, traceIdHash: hashTraceId(TRACE), spanId: PARENT, flags: 1 };
const TEXT = formatOwnMember(MEMBER);

it("our member is written before those of others, with the two flags that are defined", () => {
  const before = (others: string) => formatBorderList("eu-1", 2, hashTraceId(TRACE), PARENT, 0xfd, others);
  expect(["", "a=1,b=2"].map(before)).toEqual([`tm=${TEXT}`, `tm=${TEXT},a=1,b=2`]);
});

describe("the list of the border before us", () => {
  const HASH = hashTraceId(TRACE);
  const parse = (list: string) => parseBorderList(list, HASH, PARENT);

  it("begins with a member of version 1, whole to the last character", () => {
    expect(parse(`tm=${TEXT}`)).toEqual({ hop: 2, others: "" });
    expect(parse(`tm=${TEXT},a=1,b=2`)).toEqual({ hop: 2, others: "a=1,b=2" });
    const other = [
      "",
      "tm=1",
      "tm=1.eu-1",
      `a=1,tm=${TEXT}`,
      ` tm=${TEXT}`,
      `tm=${TEXT} `,
      `tm=${TEXT},`,
      `tm@x=${TEXT}`,
    ];
    const later = [`tm=2${TEXT.slice(1)}`, `tm=${TEXT}.0123456789`, `tm=${TEXT}.x,a=1`];
    for (const list of [...other, ...later]) expect(parse(list)).toBeUndefined();
  });

  it("has every part as it should be", () => {
    for (const cluster of ["", "A", "a_b", "0123456789abcdefg"])
      expect(parse(`tm=1.${cluster}.02.${HASH}.${PARENT}.01`)).toBeUndefined();
    for (const hop of ["00", "0", "0G", "-1"]) expect(parse(`tm=1.eu-1.${hop}.${HASH}.${PARENT}.01`)).toBeUndefined();
    for (const flags of ["0", "0g", ""]) expect(parse(`tm=1.eu-1.02.${HASH}.${PARENT}.${flags}`)).toBeUndefined();
    for (const { index } of TEXT.matchAll(/\./g))
      expect(parse(`tm=${TEXT.slice(0, index)}-${TEXT.slice(index + 1)}`)).toBeUndefined();
  });

  it("is of the trace and the parent that came with it", () => {
    expect(parseBorderList(`tm=${TEXT}`, HASH, "b7ad6b7169203331")).toBeUndefined();
    expect(parseBorderList(`tm=${TEXT}`, "00000000", PARENT)).toBeUndefined();
  });
});
