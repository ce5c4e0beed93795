import { describe, expect, it } from "vitest";
import { formatHead, formatRequest, isIdempotent, latin1Of, toHttp1Lines } from "../../src/plane/http1-lines.ts";
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

  it("make a head", () => {
    expect(formatHead(103, "", ["link", "x"])).toBe("HTTP/1.1 103 \r\nlink: x\r\n\r\n");
  });

  it("tell by the method whether a request may be repeated", () => {
    expect(["GET", "HEAD", "POST", "PUT", "DELETE"].map(isIdempotent)).toEqual([true, true, false, false, false]);
  });
});

describe("the head of a request", () => {
  const lines = ["Host", "a", "X-A", "\u00e4"];

  it("frames what has no length, and says 0 where a method leads to expect a body", () => {
    expect(formatRequest({ ...head("a", lines), body: "unsized" })).toBe(
      "GET / HTTP/1.1\r\nHost: a\r\nX-A: \u00e4\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    expect(formatRequest({ ...head("a", ["Host", "a"]), method: "POST" })).toBe(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    );
    expect(formatRequest({ ...head("a", ["Host", "a"]), upgrade: "websocket" })).toBe(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    );
  });

  it("is none where a part of it would end a line early or is no byte", () => {
    const bad: Partial<OutgoingHead>[] = [
      { method: "GET /" },
      { method: "" },
      { target: "/a b" },
      { target: "/\r\nX: 1" },
      { target: "" },
      { lines: ["Host", "a", "X", "1\r\nY: 2"] },
      { lines: ["Host", "a", "X", "\u010a"] },
      { lines: ["Host", "a", "X Y", "1"] },
      { lines: ["Host", "a", "", "1"] },
      { lines: ["Host", "a", "X", "\0"] },
    ];
    for (const change of bad) {
      expect(formatRequest({ ...head("a", lines), ...change })).toBeUndefined();
      expect(formatRequest({ ...head("a", lines), proven: lines, ...change })).toBeUndefined();
    }
  });

  it("is as it was read where lines were taken out, changed and put behind", () => {
    const proven = ["Host", "a", "X-A", "1", "X-B", "2", "X-C", "3"];
    const through = ["Host", "a", "X-B", "changed", "X-C", "3", "X-D", "4"];
    expect(formatRequest({ ...head("a", through), proven })).toBe(
      "GET / HTTP/1.1\r\nHost: a\r\nX-B: changed\r\nX-C: 3\r\nX-D: 4\r\n\r\n",
    );
    for (const bad of ["1\r\nY: 2", "\0"]) {
      expect(formatRequest({ ...head("a", ["Host", "a", "X-A", bad, "X-B", "2"]), proven })).toBeUndefined();
      expect(formatRequest({ ...head("a", ["Host", "a", "X-C", "3", "X-D", bad]), proven })).toBeUndefined();
    }
  });
});

describe("a small body beside a head", () => {
  it("is text of the same bytes, whatever they are and wherever they stand", () => {
    const bytes = Uint8Array.from({ length: 512 }, (_, at) => at);
    for (const chunk of [bytes, bytes.subarray(7, 300), Buffer.from(bytes), Buffer.alloc(0)])
      expect(Buffer.from(latin1Of(chunk), "latin1")).toEqual(Buffer.from(chunk));
  });
});
