import { describe, expect, it } from "vitest";
import { defineBearer } from "../../src/receive/bearer.ts";

describe("a bearer token", () => {
  it("is not asked for where none is configured", () => {
    expect(defineBearer(undefined)(undefined)).toBe(true);
  });

  it.each<[string | undefined, boolean]>([
    ["Bearer first", true],
    ["bearer second ", true],
    ["Bearer firs", false],
    ["Bearer first second", false],
    ["Bearer ", false],
    ["Basic first", false],
    ["first", false],
    ["", false],
    [undefined, false],
  ])("in %j: %s", (authorization, admitted) => {
    expect(defineBearer(["first", "second"])(authorization)).toBe(admitted);
  });

  it("that cannot be one is not accepted, nor told", () => {
    expect(() => defineBearer([])).toThrow("bearerTokens must not be an empty list");
    expect(() => defineBearer(["two words"])).toThrow(
      /^receiver option bearerTokens must have tokens of letters, digits and (?!.*two)/,
    );
  });
});
