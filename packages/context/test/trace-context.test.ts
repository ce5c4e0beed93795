import { expect, it } from "vitest";
import { isSampled } from "../src/index.ts";
import { PARENT, TRACE } from "./heads.ts";

it("a context is sampled by its lowest bit alone", () => {
  const sampled = (flags: number) => isSampled({ traceId: TRACE, parentId: PARENT, flags, tracestate: "" });
  expect([0, 1, 2, 3, 0xfe, 0xff].map(sampled)).toEqual([false, true, false, true, false, true]);
});
