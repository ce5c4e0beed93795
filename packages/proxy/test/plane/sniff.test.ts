import { describe, expect, it } from "vitest";
import { readPreface } from "../../src/plane/sniff.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("the first bytes of a connection", () => {
  it("tell HTTP/2 by its preface", () => {
    expect(readPreface(bytes("PRI * HTTP/2.0\r\n"))).toBe("h2");
  });

  it("tell HTTP/1.1 by anything else", () => {
    for (const text of ["GET /", "POST", "PUT", "PROPFIND", "PATCH", "\r\n", "\u0016\u0003\u0001"])
      expect(readPreface(bytes(text))).toBe("http/1.1");
  });

  it("leave it open while they fit both", () => {
    for (const text of ["", "P", "PR"]) expect(readPreface(bytes(text))).toBeUndefined();
  });
});
