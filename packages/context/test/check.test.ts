import { expect, it } from "vitest";
import { checkedEach, fieldName, wrong } from "../src/check.ts";

it("a field name is a token, in lower case", () => {
  expect(fieldName("X-Request-Id")).toBe("x-request-id");
  for (const text of ["", "a b", "a:", "é", "a\r\n"]) expect(fieldName(text)).toBeUndefined();
});

it("what is wrong is named with its place", () => {
  expect(wrong("a", { b: 1 }, "c").message).toBe('a is {"b":1}; it must be c');
  expect(() => checkedEach("list", ["x", 1 as unknown as string], (text) => text, "a text")).toThrow(
    "list[1] is 1; it must be a text",
  );
  expect(() => checkedEach("list", "x" as unknown as string[], (text) => text, "a text")).toThrow('list is "x"');
});
