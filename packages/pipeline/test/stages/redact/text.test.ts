import { expect, test } from "vitest";
import { defineTextRedaction } from "@tracemend/pipeline";

test("text is redacted as the value of the attribute it would be", () => {
  const redact = defineTextRedaction({
    attributes: [
      { keys: ["user.*"], action: "mask" },
      { keys: ["enduser.id"], action: "delete" },
    ],
    patterns: ["email"],
  });
  expect(redact("url.path", "/mails/a@b.example/1")).toBe("/mails/****/1");
  expect(redact("user.id", "4711")).toBe("****");
  expect(redact("enduser.id", "4711")).toBeUndefined();
});
