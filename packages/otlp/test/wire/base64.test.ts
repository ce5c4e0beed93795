import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatBase64, parseBase64 } from "@tracemend/otlp";

describe("base64", () => {
  it("is what Buffer writes, and reads back in all its forms", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = formatBase64(bytes);
        expect(text).toBe(Buffer.from(bytes).toString("base64"));
        expect(parseBase64(text)).toEqual(bytes);
        expect(parseBase64(text.replaceAll("=", ""))).toEqual(bytes);
        expect(parseBase64(Buffer.from(bytes).toString("base64url"))).toEqual(bytes);
      }),
    );
  });

  it.each(["A", "AAAAA", "AA=A", "====", "A===", "A A", "Ä", "AAAA==="])("is not %j", (text) => {
    expect(parseBase64(text)).toBeUndefined();
  });
});
