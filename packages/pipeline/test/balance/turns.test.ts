import { expect, test } from "vitest";
import { createTurns } from "../../src/balance/turns.ts";
import { never, over } from "../batches.ts";

test("turns are given in order, up to the bound", async () => {
  const turns = createTurns(1);
  expect(await turns.take(never)).toBe(true);
  const order: number[] = [];
  const second = turns.take(never).then((isTurn) => order.push(isTurn ? 2 : -2));
  const third = turns.take(never).then((isTurn) => order.push(isTurn ? 3 : -3));
  turns.done();
  await second;
  turns.done();
  await third;
  expect(order).toEqual([2, 3]);
});

test("who waits is sent away without a turn, and who has one keeps it", async () => {
  const turns = createTurns(1);
  await turns.take(never);
  const waiting = turns.take(never);
  turns.sendAway();
  expect(await waiting).toBe(false);
  turns.done();
  expect(await turns.take(never)).toBe(true);
});

test("an abort ends the wait", async () => {
  const turns = createTurns(1);
  await turns.take(never);
  const sender = new AbortController();
  const waiting = turns.take(sender.signal);
  sender.abort();
  expect(await waiting).toBe(false);
  expect(await turns.take(over)).toBe(false);
});
