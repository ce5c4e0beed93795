import { describe, expect, it } from "vitest";
import { toTrailers } from "../src/trailers.ts";

describe("trailers", () => {
  it("go on where they speak of the body alone", () => {
    const lines = ["grpc-status", "0", "X-Sum", "1", "server-timing", "a;dur=1"];
    expect(toTrailers(lines)).toEqual(lines);
  });

  it("stay behind where they frame, route, prove who calls or name another trace", () => {
    const behind = ["Content-Length", "Transfer-Encoding", "Host", "Authorization", "Cookie", "TraceParent", "TE"];
    expect(toTrailers([...behind.flatMap((name) => [name, "1"]), "x", "1"])).toEqual(["x", "1"]);
  });

  it("are none where nothing is left", () => {
    expect(toTrailers(["Content-Length", "1"])).toBeUndefined();
  });
});
