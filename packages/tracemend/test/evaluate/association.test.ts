/** Joining by time: the shipped matcher beside simpler rules, on a stream where the service drops all. */
import { expect, test } from "vitest";
import { measureAssociation } from "../../src/evaluate/association.ts";
import { edgeOf, shop } from "./shop.ts";

test("pairs by time are told with their confidence and mostly right, and so are they of simpler rules where few compete", async () => {
  const recording = shop();
  const edge = edgeOf(recording, "shop→stock");
  const measured = await measureAssociation(recording, edge, { inFlight: 0.2, clocksOff: false }, 1);
  const right = measured.told.filter((one) => one.right).length;
  expect(measured.torn).toBeGreaterThan(500);
  expect(right).toBeGreaterThan(measured.torn * 0.5);
  expect(right / measured.told.length).toBeGreaterThan(0.97);
  expect(measured.told.every(({ confidence }) => confidence >= 0.9 && confidence <= 1)).toBe(true);
  expect(measured.latest.hits / measured.latest.of).toBeGreaterThan(0.5);
  expect(measured.random.of).toBeGreaterThan(0);
});
