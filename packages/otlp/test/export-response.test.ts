import { describe, expect, it } from "vitest";
import { decodeExportResponse, encodeExportResponse } from "@tracemend/otlp";
import { concat, len, num, str, tag } from "./support/bytes.ts";
import { traceResponse } from "./support/reference.ts";

describe("encodeExportResponse", () => {
  it("leaves partial_success unset on full success", () => {
    expect(encodeExportResponse()).toEqual(concat());
    expect(encodeExportResponse({ rejected: 0, message: "" })).toEqual(concat());
  });

  it.each([
    { rejected: 3, message: "bad trace id" },
    { rejected: 2 ** 40, message: "" },
    { rejected: 0, message: "use the new endpoint" },
  ])("writes %j so that both readers read it", (partial) => {
    const bytes = encodeExportResponse(partial);
    expect(decodeExportResponse(bytes)).toEqual({ kind: "response", ...partial });
    const decoded = traceResponse.toObject(traceResponse.decode(bytes), { longs: Number, defaults: true });
    expect(decoded["partialSuccess"]).toEqual({ rejectedSpans: partial.rejected, errorMessage: partial.message });
  });
});

describe("decodeExportResponse", () => {
  it("merges a repeated field, passes over unknown ones, and reads a negative count as none", () => {
    const bytes = concat(num(9, 1), len(1, num(1, 5)), len(1, str(2, "x"), num(1, -1n)));
    expect(decodeExportResponse(bytes)).toEqual({ kind: "response", rejected: 0, message: "x" });
  });

  it("says when it is not a response", () => {
    expect(decodeExportResponse(tag(1, 2))).toMatchObject({ kind: "malformed", defect: { code: "truncated" } });
  });
});
