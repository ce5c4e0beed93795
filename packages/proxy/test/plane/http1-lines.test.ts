import { describe, expect, it } from "vitest";
import { formatHead, hasNoBody, isIdempotent, toHttp1Lines, toPairs } from "../../src/plane/http1-lines.ts";
import type { OutgoingHead } from "../../src/plane/plane.ts";

function head(authority: string, lines: readonly string[]): OutgoingHead {
  const base = {
    method: "GET",
    target: "/",
    scheme: "http",
    body: "none",
    trailers: false,
    upgrade: undefined,
  } as const;
  return { ...base, authority, lines };
}

describe("header lines for HTTP/1.1", () => {
  it("are the caller's own where they say what the request says", () => {
    const lines = ["X-A", "1", "Host", "a", "Cookie", "c=1"];
    expect(toHttp1Lines(head("a", lines))).toBe(lines);
  });

  it("begin with the authority where HTTP/2 had it apart", () => {
    expect(toHttp1Lines(head("a", ["x-a", "1"]))).toEqual(["host", "a", "x-a", "1"]);
  });

  it("say the target's authority in place of another Host", () => {
    expect(toHttp1Lines(head("a", ["X-A", "1", "Host", "b"]))).toEqual(["X-A", "1", "Host", "a"]);
  });

  it("hold the crumbs of a cookie in one line, and no te", () => {
    const lines = ["host", "a", "cookie", "a=1", "te", "trailers", "cookie", "b=2", "x", "y"];
    expect(toHttp1Lines(head("a", lines))).toEqual(["host", "a", "cookie", "a=1; b=2", "x", "y"]);
  });

  it("make a head, and pairs", () => {
    expect(formatHead(103, "", ["link", "x"])).toBe("HTTP/1.1 103 \r\nlink: x\r\n\r\n");
    expect(toPairs(["a", "1", "b", "2"])).toEqual([
      ["a", "1"],
      ["b", "2"],
    ]);
  });

  it("tell whether a body follows, and methods whether a request may be repeated", () => {
    expect([hasNoBody("HEAD", 200, []), hasNoBody("GET", 204, []), hasNoBody("GET", 304, [])]).toEqual([
      true,
      true,
      true,
    ]);
    expect([hasNoBody("GET", 200, ["Content-Length", "0"]), hasNoBody("GET", 200, [])]).toEqual([true, false]);
    expect(["GET", "HEAD", "POST", "PUT", "DELETE"].map(isIdempotent)).toEqual([true, true, false, false, false]);
  });
});
