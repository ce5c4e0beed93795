import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { endToEnd } from "../src/hop-by-hop.ts";

describe("fields of one hop", () => {
  it("stay behind, in whatever case, and the rest keeps its order and case", () => {
    const lines = ["Host", "a", "Connection", "close", "X-A", "1", "Keep-Alive", "x", "TE", "gzip", "x-a", "2"];
    const more = ["Upgrade", "h2c", "Expect", "100-continue", "HTTP2-Settings", "AA", "Proxy-Connection", "close"];
    expect(endToEnd([...lines, ...more, "Transfer-Encoding", "chunked"])).toEqual([
      "Host",
      "a",
      "X-A",
      "1",
      "x-a",
      "2",
    ]);
  });

  it("are the same array where there are none", () => {
    const lines = ["Host", "a", "X-A", "1"];
    expect(endToEnd(lines)).toBe(lines);
  });

  it("include what Connection nominates", () => {
    expect(endToEnd(["X-Secret", "1", "Connection", "close, x-secret , X-Hop", "x-hop", "2", "X-A", "3"])).toEqual([
      "X-A",
      "3",
    ]);
  });

  it("never include the message's frame, its sender or another trace format, whoever nominates them", () => {
    const lines = ["Host", "a", "Content-Length", "1", "Authorization", "x", "b3", "0", "X-Request-Id", "r"];
    const nominate = ["Connection", "host, content-length, authorization, b3, x-request-id"];
    expect(endToEnd([...nominate, ...lines])).toEqual(lines);
  });

  it("never include the carrier", () => {
    expect(endToEnd(["Connection", "x-tm", "x-tm", "v"], "x-tm")).toEqual(["x-tm", "v"]);
    expect(endToEnd(["Connection", "x-tm", "x-tm", "v"])).toEqual([]);
  });

  it("leave te: trailers alone, which gRPC asks for", () => {
    expect(endToEnd(["te", "trailers", "Connection", "te"])).toEqual(["te", "trailers"]);
  });

  it("are gone after one pass", () => {
    const name = fc.constantFrom("Connection", "connection", "TE", "Keep-Alive", "x-a", "X-B", "Host", "Upgrade");
    const value = fc.constantFrom("x-a", "close", "x-a, x-b", "trailers", "", "keep-alive, TE");
    const lines = fc.array(fc.tuple(name, value)).map((pairs) => pairs.flat());
    fc.assert(
      fc.property(lines, (given) => {
        const once = endToEnd(given);
        expect(endToEnd(once)).toBe(once);
        expect(once.filter((_text, at) => at % 2 === 0).some((text) => text.toLowerCase() === "connection")).toBe(
          false,
        );
      }),
    );
  });
});
