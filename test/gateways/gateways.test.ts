import { createDiagnosis } from "@tracemend/diagnosis";
import type { Break } from "@tracemend/diagnosis";
import { describe, expect, it } from "vitest";
import { arrive, bordersOf, crossingAt, leave, spansOf } from "./borders.ts";
import type { Recording } from "./recordings.ts";
import { readRecording } from "./recordings.ts";
import type { Setup } from "./setups.ts";
import { SETUPS } from "./setups.ts";

/** What the borders on both sides of the gateway conclude together from the lines it was recorded with. */
function breaksOf(setup: Setup, { requests }: Recording): readonly Break[] {
  const clock = { ms: 1_800_000_000_000 };
  const diagnosis = createDiagnosis({ now: () => clock.ms });
  const borders = bordersOf(setup);
  requests.forEach(({ sent, received }, number) => {
    const { passage, lines } = leave(borders, number);
    expect(lines).toEqual(sent);
    clock.ms += 100;
    diagnosis.crossed(crossingAt(passage, clock.ms));
    diagnosis.spans(spansOf(borders.egress, passage, clock.ms));
    diagnosis.crossed(crossingAt(arrive(borders, number, received), clock.ms));
  });
  for (let second = 0; second < 90; second += 1) {
    clock.ms += 1_000;
    diagnosis.tick();
  }
  return diagnosis.report().breaks;
}

describe("a gateway between two borders", () => {
  it.each(SETUPS.map((setup) => [setup.name, setup] as const))("is diagnosed rightly: %s", (name, setup) => {
    const recording = readRecording(name);
    if (recording === undefined)
      throw new Error(`there is no recording of ${name}: node test/gateways/record.ts ${name}`);
    const breaks = breaksOf(setup, recording);
    expect(breaks.map(({ kind }) => kind).toSorted()).toEqual([...setup.breaks].toSorted());
    for (const { edge, confidence, count, remedy } of breaks) {
      expect(edge).toMatchObject({ from: "eu-1", to: "us-1-ingress" });
      expect(edge.hop).toBe("the hop between the border of cluster eu-1 and us-1-ingress (cluster us-1)");
      expect(count).toBe(recording.requests.length);
      expect(confidence).toBeGreaterThanOrEqual(0.8);
      expect(remedy.text).not.toBe("");
    }
  });
});
