import { CROSSING_EVENT } from "@tracemend/context";
import type { Crossing } from "@tracemend/context";
import { encodeCrossings } from "@tracemend/diagnosis";
import type { Batch } from "@tracemend/otlp";
import { encodeLogs, encodeSpans, mergeBatches } from "@tracemend/otlp";
import type { Outcome, Sink } from "@tracemend/pipeline";
import { accepted, busy, refused } from "@tracemend/pipeline";
import { describe, expect, it } from "vitest";
import { createCrossingIntake } from "../src/crossing-intake.ts";
import { crossingOf, PARENT, TRACE } from "./crossing.ts";

const TOLD = [crossingOf(["traceparent", `00-${TRACE}-${PARENT}-01`]), crossingOf([], { path: "/cart" })];
const CROSSINGS = encodeCrossings({ "service.name": "shop" }, TOLD);
const base = { atMs: 1, observedMs: 1, severity: "info" as const, body: "", attributes: {} };
const LOGS = encodeLogs({ "service.name": "shop" }, { name: "t", version: "1" }, [{ ...base, eventName: "other" }]);
const BROKEN = encodeLogs({}, { name: "t", version: "1" }, [{ ...base, eventName: CROSSING_EVENT }]);

function start(forward = false) {
  const seen: Crossing[] = [];
  const taken: Batch[] = [];
  const state: { answer: Outcome } = { answer: accepted };
  const end: Sink = {
    accept(batch) {
      taken.push(batch);
      return Promise.resolve(state.answer);
    },
    close: () => Promise.resolve(),
  };
  const intake = createCrossingIntake({ observer: { crossed: (each) => seen.push(each) }, forward });
  const sink = intake.stage(end);
  const send = (batch: Batch): Promise<Outcome> => sink.accept(batch, new AbortController().signal);
  return { seen, taken, state, intake, send };
}

describe("crossings among the logs that are received", () => {
  it("are told to the diagnosis, and go no further", async () => {
    const { seen, taken, intake, send } = start();
    expect(await send(CROSSINGS)).toBe(accepted);
    expect(seen.map(({ path }) => path)).toEqual(TOLD.map(({ path }) => path));
    expect(taken).toEqual([]);
    expect(intake.counts()).toEqual({ read: 2, malformed: 0 });
  });

  it("are taken out from between others, which go on", async () => {
    const { seen, taken, send } = start();
    await send(mergeBatches([LOGS, CROSSINGS, LOGS]));
    expect(seen).toHaveLength(2);
    expect(taken.map(({ items }) => items)).toEqual([2]);
  });

  it("go on as well where that is configured", async () => {
    const { seen, taken, send } = start(true);
    await send(CROSSINGS);
    expect(seen).toHaveLength(2);
    expect(taken).toEqual([CROSSINGS]);
  });

  it("count once when their sender has to come again", async () => {
    const { seen, state, send } = start();
    state.answer = busy(100);
    const both = mergeBatches([CROSSINGS, LOGS]);
    expect(await send(both)).toBe(state.answer);
    expect(seen).toEqual([]);
    state.answer = refused("no destination takes logs");
    expect(await send(both)).toBe(state.answer);
    expect(seen).toHaveLength(2);
  });

  it("are counted where they cannot be read", async () => {
    const { intake, send } = start();
    expect(await send(BROKEN)).toBe(accepted);
    expect(intake.counts()).toEqual({ read: 0, malformed: 1 });
  });

  it("leave everything else as it is", async () => {
    const { taken, send } = start();
    const spans = encodeSpans({}, { name: "t", version: "1" }, []);
    for (const batch of [LOGS, spans]) await send(batch);
    expect(taken).toEqual([LOGS, spans]);
  });
});
