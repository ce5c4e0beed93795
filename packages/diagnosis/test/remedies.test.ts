import { describe, expect, it } from "vitest";
import { GATEWAYS } from "../src/index.ts";
import { letThrough } from "../src/remedies/gateway-headers.ts";
import { followSampling } from "../src/remedies/gateway-sampling.ts";
import { exportSpans } from "../src/remedies/gateway-spans.ts";

describe("a remedy", () => {
  it.each(GATEWAYS)("to let the headers through is there for %s, with all the others beside it", (gateway) => {
    const { others, snippet, text } = letThrough("Let it through.", gateway);
    expect(text).toBe("Let it through.");
    expect(snippet).not.toBe(
      letThrough(
        "",
        GATEWAYS.find((one) => one !== gateway),
      ).snippet,
    );
    expect(others).toHaveLength(GATEWAYS.length - 1);
  });

  it("says for which product it is shown where nobody said what stands there", () => {
    expect(letThrough("Let it through.", undefined).text).toMatch(/^Let it through\. Shown for nginx;/);
    expect(exportSpans("Export.", undefined).text).toMatch(/Shown for Envoy/);
  });

  it("falls back where the product has no such setting", () => {
    expect(exportSpans("Export.", "aws-alb").text).toMatch(/Shown for Envoy/);
    expect(followSampling("Follow.", "nginx")).toMatchObject({ text: "Follow.", language: "nginx" });
  });
});
