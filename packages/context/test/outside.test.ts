import { expect, it } from "vitest";
import { forgetOutside, rememberOutside, restoreOutside } from "../src/outside.ts";
import { putMemberFirst } from "../src/index.ts";
import { PARENT, PARENT_LINE, SPANS, TRACE, pass, valuesOf } from "./heads.ts";

const OUTSIDE = { traceId: TRACE, parentId: PARENT, flags: 1, tracestate: "a=1,tm=x,tmo=forged,b=2" };
const inside = (tracestate: string) => ({ ...OUTSIDE, traceId: SPANS.traceId, tracestate });

it("the outside context is remembered without members of ours, and comes back", () => {
  const list = rememberOutside(OUTSIDE);
  expect(list).toBe(`tmo=1.${TRACE}.${PARENT}.01,a=1,b=2`);
  const later = putMemberFirst(putMemberFirst(list, "tm", "1"), "inner", "9");
  expect(restoreOutside(inside(later))).toEqual({ ...OUTSIDE, tracestate: "a=1,b=2" });
  expect(restoreOutside(inside(rememberOutside({ ...OUTSIDE, tracestate: "" })))?.tracestate).toBe("");
});

it("nothing comes back from anything else", () => {
  const good = `tmo=1.${TRACE}.${PARENT}.01`;
  for (const list of [
    "",
    "a=1",
    `${good}x`,
    good.replace("1.", "2."),
    good.replace(TRACE, "0".repeat(32)),
    good.replace(".01", ".0G"),
  ])
    expect([list, restoreOutside(inside(list))]).toEqual([list, undefined]);
  expect(forgetOutside(`a=1,${good}`)).toBe("a=1");
});

it("a request that crosses the domain leaves it as it came", () => {
  const lines = ["traceparent", PARENT_LINE, "tracestate", "a=1,b=2"];
  const entered = pass(lines, { trust: "restart", outside: "remember" }, SPANS);
  expect(valuesOf(entered.left, "traceparent").join()).toContain(SPANS.traceId);
  const through = pass(entered.left, {}, SPANS);
  const left = pass(through.left, { outside: "restore" }, SPANS);
  expect(left.verdict).toMatchObject({ action: "restart", reason: "outside-restored", ownParent: false });
  expect(left.spans).toBe(SPANS);
  expect(left.left).toEqual(lines);
  expect(pass(through.left, { outside: "restore", strip: true }, SPANS).left).toEqual(lines);
});

it("a trace that began inside has nothing to go back to", () => {
  const begun = pass([], { outside: "remember" }, SPANS);
  expect(pass(begun.left, { outside: "restore" }).left).toBe(begun.left);
  expect(pass(begun.left, { outside: "restore", strip: true }).left).toEqual([]);
});
