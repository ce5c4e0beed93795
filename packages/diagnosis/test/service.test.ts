import { describe, expect, it } from "vitest";
import type { Service } from "../src/service.ts";
import { activityOf, createService, hasExportedPast, noteArrival, openInstance, watermarkMs } from "../src/service.ts";

const times = { windowMs: 600_000, settleMs: 10_000, hardWaitMs: 60_000 };
const NOW = 1_800_000_000_000;

function arrive(service: Service, instanceId: string, endMs: number, nowMs: number): void {
  noteArrival(service, openInstance(service, instanceId), endMs, nowMs);
}

describe("the watermark of a service", () => {
  it("is that of the slowest instance that still exports", () => {
    const service = createService(0, "shop", times);
    arrive(service, "fast", NOW, NOW);
    arrive(service, "slow", NOW - 20_000, NOW);
    expect(watermarkMs(service, NOW, times)).toBe(NOW - 30_000);
    arrive(service, "fast", NOW + 61_000, NOW + 61_000);
    expect(watermarkMs(service, NOW + 61_000, times)).toBe(NOW + 51_000);
  });

  it("does not follow a span from the future or the distant past", () => {
    const service = createService(0, "shop", times);
    expect(watermarkMs(service, NOW, times)).toBe(-Infinity);
    arrive(service, "1", NOW + 10 * 3_600_000, NOW);
    arrive(service, "1", 0, NOW);
    expect(hasExportedPast(service, NOW)).toBe(false);
    arrive(service, "1", NOW - 5, NOW);
    expect(watermarkMs(service, NOW, times)).toBe(NOW - 10_005);
    expect(hasExportedPast(service, NOW - 5)).toBe(true);
  });

  it("allows for a clock that is ahead", () => {
    const service = createService(0, "shop", times);
    arrive(service, "1", NOW + 3_000, NOW);
    expect(watermarkMs(service, NOW, times)).toBe(NOW - 10_000);
  });

  it("keeps a bounded number of instances, the quietest goes", () => {
    const service = createService(0, "shop", times);
    for (let at = 0; at < 200; at += 1) arrive(service, `pod-${at}`, NOW + at, NOW + at);
    expect(service.instances.size).toBe(32);
    expect(service.instances.has("pod-199")).toBe(true);
  });
});

describe("a service", () => {
  it("is unseen, exporting or silent", () => {
    const service = createService(0, "shop", times);
    expect(activityOf(service, NOW, times)).toBe("unseen");
    arrive(service, "1", NOW, NOW);
    expect(activityOf(service, NOW, times)).toBe("exporting");
    expect(activityOf(service, NOW + 130_000, times)).toBe("silent");
  });
});
