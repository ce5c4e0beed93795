import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseConfig } from "../src/config.ts";

const text = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const blocks = [...text.matchAll(/^```yaml\n([^]*?)^```/gm)].map((match) => match[1] ?? "");

describe("the README", () => {
  it.each(blocks)("shows configuration that can be: block %#", (block) => {
    const whole = block.startsWith("cluster:") ? block : `cluster: eu-1\n${block}`;
    expect(() => parseConfig("README.md", whole, { HASH_KEY: "k".repeat(32) })).not.toThrow();
  });

  it("shows some", () => {
    expect(blocks.length).toBeGreaterThan(2);
  });
});
