import { expect, it } from "vitest";
import { formatOwnMember, hashTraceId } from "../src/index.ts";
import { formatBorderList, parseBorderList } from "../src/border-list.ts";
import { PARENT, TRACE } from "./heads.ts";

const MEMBER = { cluster: "eu-1", hop: 2, traceIdHash: hashTraceId(TRACE), spanId: PARENT, flags: 1 };
const TEXT = formatOwnMember(MEMBER);

it("our member is written before those of others, with the two flags that are defined", () => {
  const before = (others: string) => formatBorderList("eu-1", 2, hashTraceId(TRACE), PARENT, 0xfd, others);
  expect(["", "a=1,b=2"].map(before)).toEqual([`tm=${TEXT}`, `tm=${TEXT},a=1,b=2`]);
});

it("a list is a border's where its member comes first and is one of version 1 to the last character", () => {
  expect(parseBorderList(`tm=${TEXT}`)).toEqual({ own: MEMBER, others: "" });
  expect(parseBorderList(`tm=${TEXT},a=1,b=2`)).toEqual({ own: MEMBER, others: "a=1,b=2" });
  const other = ["", "tm=1", `a=1,tm=${TEXT}`, ` tm=${TEXT}`, `tm=${TEXT} `, `tm=${TEXT},`, `tm@x=${TEXT}`];
  const later = [`tm=${TEXT}.0123456789`, `tm=${TEXT}.x,a=1`];
  for (const list of [...other, ...later]) expect(parseBorderList(list)).toBeUndefined();
});
