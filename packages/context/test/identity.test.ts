import { expect, it } from "vitest";
import { matchesIdentity } from "../src/identity.ts";

it("names match whole, SPIFFE ids by path and DNS names by one label", () => {
  expect(matchesIdentity("spiffe://eu/ns/a", "spiffe://eu/ns/a")).toBe(true);
  expect(matchesIdentity("spiffe://eu/*", "spiffe://eu/ns/a")).toBe(true);
  expect(matchesIdentity("spiffe://eu/*", "spiffe://eu.evil/ns")).toBe(false);
  expect(matchesIdentity("spiffe://eu/*", "SPIFFE://eu/ns")).toBe(false);
  expect(matchesIdentity("a.eu.example", "A.EU.example")).toBe(true);
  expect(matchesIdentity("*.eu.example", "a.eu.example")).toBe(true);
  expect(matchesIdentity("*.eu.example", "a.b.eu.example")).toBe(false);
  expect(matchesIdentity("*.eu.example", "eu.example")).toBe(false);
  expect(matchesIdentity("*.eu.example", ".eu.example")).toBe(false);
  expect(matchesIdentity("eu", "spiffe://eu")).toBe(false);
});
