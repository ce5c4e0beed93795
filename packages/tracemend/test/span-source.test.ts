import { createIds } from "@tracemend/context";
import type { Batch } from "@tracemend/otlp";
import { forEachSpan } from "@tracemend/otlp";
import { describe, expect, it } from "vitest";
import { createSpanSource } from "../src/span-source.ts";
import { crossingOf } from "./crossing.ts";

/** A pipeline with room for so many reservations at a time. */
function roomFor(pairs: number) {
  const state = { free: pairs, filled: [] as Batch[], bytes: 0 };
  const pipeline = {
    reserve(bytes: number) {
      if (state.free === 0) return undefined;
      state.free -= 1;
      state.bytes = bytes;
      const release = (): void => void (state.free += 1);
      return { fill: (batch: Batch) => void state.filled.push(batch), cede: release, release };
    },
  };
  return { state, pipeline };
}

let count = 0;
const ids = createIds((bytes) => bytes.fill((count += 1)));
const resource = { "service.name": "tracemend" };
const atOnce = { ids, resource, version: "1", later: (leave: () => void) => leave() };

describe("the source of our own spans", () => {
  it("grants nothing where the queue has no room", () => {
    expect(createSpanSource({ ...atOnce, pipeline: roomFor(0).pipeline }).grant()).toBeUndefined();
  });

  it("gives the room back where the ids were not used", () => {
    const { pipeline, state } = roomFor(1);
    createSpanSource({ ...atOnce, pipeline })
      .grant()
      ?.release();
    expect(state).toMatchObject({ free: 1, filled: [] });
  });

  it("fills the room it held with both spans, and they fit", () => {
    const { pipeline, state } = roomFor(1);
    const grant = createSpanSource({ ...atOnce, pipeline }).grant();
    grant?.finish(crossingOf([]));
    const seen: string[] = [];
    for (const batch of state.filled) forEachSpan(batch, (span) => void seen.push(span.spanId()));
    expect(new Set(seen)).toEqual(new Set([grant?.spans.serverSpanId, grant?.spans.clientSpanId]));
    expect(state.filled[0]?.bytes).toBeLessThanOrEqual(state.bytes);
  });

  it("holds room for each further try, and gives back all but what the batch fills", () => {
    const { pipeline, state } = roomFor(3);
    let next = 0;
    const spanId = () => (next += 1).toString(16).padStart(16, "0");
    const unlike = { ...ids, spanId };
    const grant = createSpanSource({ ...atOnce, pipeline, ids: unlike }).grant();
    const [second, unused, none] = [grant?.again?.(), grant?.again?.(), grant?.again?.()];
    expect([second, unused].every((id) => id !== undefined)).toBe(true);
    expect(none).toBeUndefined();
    const one = { upstream: undefined, startMs: 1, endMs: 2, status: undefined, failure: undefined };
    grant?.finish(
      crossingOf([], {
        tries: [
          { ...one, spanId: grant.spans.clientSpanId },
          { ...one, spanId: second },
        ],
      }),
    );
    const seen: string[] = [];
    for (const batch of state.filled) forEachSpan(batch, (span) => void seen.push(span.spanId()));
    expect(new Set(seen)).toEqual(new Set([grant?.spans.serverSpanId, grant?.spans.clientSpanId, second]));
    expect(state.free).toBe(2);
  });

  it("holds room for a copy, which is one CLIENT span beside the other, and gives it back where nothing was called", () => {
    const { pipeline, state } = roomFor(3);
    const grant = createSpanSource({ ...atOnce, pipeline }).grant();
    const [called, uncalled, none] = [grant?.copy?.(), grant?.copy?.(), grant?.copy?.()];
    expect(none).toBeUndefined();
    called?.finish(crossingOf([], { mirrored: true }));
    uncalled?.finish(crossingOf([], { mirrored: true, upstream: undefined }));
    const seen: [string, string][] = [];
    for (const batch of state.filled)
      forEachSpan(batch, (span) => void seen.push([span.spanId(), span.parentSpanId()]));
    expect(seen).toEqual([[called?.spans.clientSpanId, grant?.spans.serverSpanId]]);
    expect(state.filled[0]?.bytes).toBeLessThanOrEqual(state.bytes);
    expect(state.free).toBe(1);
  });

  it("lets what finishes within a moment leave as one batch in the room of the first", () => {
    const { pipeline, state } = roomFor(100);
    const moments: (() => void)[] = [];
    const source = createSpanSource({ ...atOnce, pipeline, later: (leave) => moments.push(leave) });
    for (let finished = 0; finished < 3; finished += 1) source.grant()?.finish(crossingOf([]));
    expect(state.filled).toEqual([]);
    for (const over of moments.splice(0)) over();
    expect(state.filled.map(({ items }) => items)).toEqual([6]);
    expect(state.free).toBe(99);
    source.grant()?.finish(crossingOf([]));
    expect(moments).toHaveLength(1);
  });

  it("waits no longer where the room that waits is wanted", () => {
    const { pipeline, state } = roomFor(2);
    const source = createSpanSource({ ...atOnce, pipeline, later: () => undefined });
    source.grant()?.finish(crossingOf([]));
    const open = source.grant();
    expect(state.filled).toEqual([]);
    expect(source.grant()).toBeUndefined();
    expect(state.filled.map(({ items }) => items)).toEqual([2]);
    open?.finish(crossingOf([]));
    expect(source.grant()).toBeUndefined();
    expect(state.filled.map(({ items }) => items)).toEqual([2, 2]);
  });

  it("waits for no moment where many finish, or all is to leave now", () => {
    const { pipeline, state } = roomFor(100);
    const source = createSpanSource({ ...atOnce, pipeline, later: () => undefined });
    for (let finished = 0; finished < 70; finished += 1) source.grant()?.finish(crossingOf([]));
    expect(state.filled.map(({ items }) => items)).toEqual([64, 64]);
    source.flush();
    source.flush();
    expect(state.filled.map(({ items }) => items)).toEqual([64, 64, 12]);
  });

  it("throws nothing into the event loop where the pipeline fails, and gives the room back", () => {
    const { state } = roomFor(1);
    const failing = {
      reserve: () => ({
        fill: () => {
          throw new Error("full");
        },
        cede: () => void (state.free += 1),
        release: () => void (state.free += 1),
      }),
    };
    const source = createSpanSource({ ...atOnce, pipeline: failing, later: () => undefined });
    source.grant()?.finish(crossingOf([]));
    source.flush();
    expect(state.free).toBe(2);
  });
});
