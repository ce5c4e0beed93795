import { describe, expect, it } from "vitest";
import { completeQuery } from "../src/shown-query.ts";

describe("the query that spans show", () => {
  const shown = completeQuery(["page", "flag"], "query");

  it.each([
    ["/", undefined],
    ["/?", ""],
    ["/a?page=2", "page=2"],
    ["/a?page=2&token=s3cret&page=", "page=2&token=REDACTED&page="],
    ["/a?s3cret", "REDACTED"],
    ["/a?flag&x=&=y&&z", "flag&x=REDACTED&=REDACTED&&REDACTED"],
    ["/a?Page=1?page=2", "Page=REDACTED"],
    ["/a?page=1=2?3", "page=1=2?3"],
    ["http://shop.example/a?page=1", "page=1"],
  ])("of %s is %s", (target, query) => {
    expect(shown(target)).toBe(query);
  });

  it("has no values where none may be shown", () => {
    expect(completeQuery([], "query")("/?a=1&b=2")).toBe("a=REDACTED&b=REDACTED");
  });

  it.each(["", "a=b", "a&b", "a b", "?a"])("takes names alone, not %j", (name) => {
    expect(() => completeQuery(["a", name], "query")).toThrow(
      `query[1] is ${JSON.stringify(name)}; it must be the name of a parameter`,
    );
  });
});
