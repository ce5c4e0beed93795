import { describe, expect, it } from "vitest";
import { formatJsonExportResponse, formatJsonStatus, type Signal } from "@tracemend/otlp";

describe("formatJsonExportResponse", () => {
  it("leaves partialSuccess out on full success", () => {
    expect(formatJsonExportResponse("traces")).toBe("{}");
    expect(formatJsonExportResponse("traces", { rejected: 0, message: "" })).toBe("{}");
  });

  it.each<[Signal, string]>([
    ["traces", "rejectedSpans"],
    ["metrics", "rejectedDataPoints"],
    ["logs", "rejectedLogRecords"],
    ["profiles", "rejectedProfiles"],
  ])("of %s names %s", (signal, name) => {
    expect(JSON.parse(formatJsonExportResponse(signal, { rejected: 2, message: "bad ids" }))).toEqual({
      partialSuccess: { [name]: "2", errorMessage: "bad ids" },
    });
  });
});

it("formatJsonStatus tells a delay as RetryInfo", () => {
  expect(JSON.parse(formatJsonStatus({ code: 3, message: "bad" }))).toEqual({ code: 3, message: "bad" });
  expect(JSON.parse(formatJsonStatus({ code: 14, message: "full", retryAfterMs: 1500 }))).toEqual({
    code: 14,
    message: "full",
    details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1.500s" }],
  });
});
