import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string };
}

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const { groups } = parse(read("../alerts.yaml")) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const sources = read("../src/metrics.ts") + read("../src/metrics-sampling.ts") + read("../src/receptions.ts");
const families = new Set(sources.match(/(?<=")tracemend_[a-z_]+(?=")/g));

describe("the alert rules", () => {
  it.each(rules.map((rule) => [rule.alert, rule] as const))(
    "%s names metrics that exist",
    (_name, { annotations, expr }) => {
      const named = expr.match(/tracemend_[a-z_]+/g) ?? [];
      expect(named.length).toBeGreaterThan(0);
      expect(named.filter((name) => !families.has(name))).toEqual([]);
      expect(annotations.summary).not.toBe("");
    },
  );

  it("warn at 80 % of a queue's capacity", () => {
    const rule = rules.find(({ alert }) => alert === "TracemendQueueNearlyFull");
    expect(rule?.expr).toBe("tracemend_queue_bytes / tracemend_queue_capacity_bytes > 0.8");
  });

  it("have names of their own", () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  });
});
