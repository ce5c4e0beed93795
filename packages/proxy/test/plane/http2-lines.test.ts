import { describe, expect, it } from "vitest";
import { pseudoEnd, toFields, toRequestList, withoutPseudo } from "../../src/plane/http2-lines.ts";

describe("header lines for HTTP/2", () => {
  it("are lower case behind the pseudo-fields, without what HTTP/2 says otherwise", () => {
    const list = toRequestList({
      method: "POST",
      target: "/x",
      scheme: "https",
      authority: "a",
      lines: ["Host", "a", "X-A", "1", "te", "trailers"],
      body: "unsized",
      trailers: true,
      upgrade: undefined,
    });
    const pseudo = [":method", "POST", ":scheme", "https", ":authority", "a", ":path", "/x"];
    expect(list).toEqual([...pseudo, "x-a", "1", "te", "trailers"]);
    expect(pseudoEnd(list)).toBe(8);
    expect(withoutPseudo(list)).toEqual(["x-a", "1", "te", "trailers"]);
  });

  it("keep every value of a field, and cannot be led onto a prototype", () => {
    const fields = toFields(
      ["Set-Cookie", "a", "set-cookie", "b", "__proto__", "x", "a", "1", "A", "2", "a", "3"],
      200,
    );
    expect(Object.entries(fields)).toEqual([
      [":status", 200],
      ["set-cookie", ["a", "b"]],
      ["__proto__", "x"],
      ["a", ["1", "2", "3"]],
    ]);
  });
});
