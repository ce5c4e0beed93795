import { expect, test } from "vitest";
import { createOutstanding } from "../src/outstanding.ts";

test("none resolves at once when nothing was begun", async () => {
  expect(await createOutstanding().none()).toBeUndefined();
});

test("none resolves for everybody when the last has ended, and not before", async () => {
  const outstanding = createOutstanding();
  const seen: string[] = [];
  outstanding.begin();
  outstanding.begin();
  const waits = [outstanding.none().then(() => seen.push("a")), outstanding.none().then(() => seen.push("b"))];
  outstanding.end();
  await Promise.resolve();
  expect(seen).toEqual([]);
  outstanding.end();
  await Promise.all(waits);
  expect(seen).toEqual(["a", "b"]);
});
