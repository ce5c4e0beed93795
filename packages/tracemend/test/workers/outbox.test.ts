import { describe, expect, it } from "vitest";
import { unpackCrossings } from "../../src/workers/crossings.ts";
import type { Handover } from "../../src/workers/message.ts";
import { createOutbox } from "../../src/workers/outbox.ts";
import { PARENT, TRACE, crossingOf } from "../crossing.ts";

function boxOf() {
  const sent: Handover[] = [];
  let due: (() => void)[] = [];
  const box = createOutbox({
    terms: () => ({ slotBytes: 1_000, spare: 4 }),
    send: (handover) => sent.push(handover),
    soon: (run) => due.push(run),
  });
  const pass = (): void => {
    for (const run of due.splice(0)) run();
  };
  return { box, sent, pass, due: () => due.length };
}

describe("what a worker tells", () => {
  it("goes together, and a crossing arrives as it was", () => {
    const { box, sent, pass, due } = boxOf();
    const lines = ["host", "a", "traceparent", `00-${TRACE}-${PARENT}-01`, "b3", "not-b3"];
    const crossing = crossingOf(lines, {}, { extract: ["w3c", "b3"] });
    box.crossed(crossing);
    box.crossed(crossing);
    expect([sent.length, due()]).toEqual([0, 1]);
    pass();
    expect(sent).toHaveLength(1);
    const [first, second] = unpackCrossings(sent[0]?.crossings ?? "");
    expect(first).toEqual(crossing);
    expect(first?.reading.foreign?.found[0]?.format).toBe(crossing.reading.foreign?.found[0]?.format);
    expect(second).toEqual(crossing);
  });

  it("is made ready right before, once for each time that it was asked for", () => {
    const { box, sent, pass, due } = boxOf();
    box.lease.granted(4);
    const room = box.lease.reserve(10);
    pass();
    const ready: number[] = [];
    box.before(() => {
      ready.push(sent.length);
      room?.cede();
    });
    expect([ready, due()]).toEqual([[], 1]);
    pass();
    box.crossed(crossingOf([]));
    pass();
    expect(ready).toEqual([1]);
    expect(sent.map(({ open, filled }) => [open, filled])).toEqual([
      [1, 0],
      [0, 1],
      [0, 0],
    ]);
  });

  it("goes at once where half of the room that was free is used", () => {
    const { box, sent, pass } = boxOf();
    box.lease.granted(4);
    box.lease.reserve(10);
    expect(sent).toHaveLength(0);
    box.lease.reserve(10);
    expect(sent.map(({ open }) => open)).toEqual([2]);
    box.lease.reserve(10);
    expect(sent).toHaveLength(1);
    pass();
    expect(sent.map(({ open }) => open)).toEqual([2, 3]);
    pass();
    expect(sent).toHaveLength(2);
  });

  it("is kept while the program takes nothing, up to a bound that is counted", () => {
    const { box, sent, pass } = boxOf();
    for (let count = 0; count < 10; count += 1) {
      box.crossed(crossingOf([]));
      pass();
    }
    expect(sent).toHaveLength(8);
    for (let count = 0; count < 9_000; count += 1) box.crossed(crossingOf([]));
    box.taken();
    pass();
    expect(unpackCrossings(sent[8]?.crossings ?? "")).toHaveLength(8_192);
    expect(sent[8]?.lost).toBe(9_002 - 8_192);
  });

  it("is all told before the worker ends", async () => {
    const { box, sent, pass } = boxOf();
    box.crossed(crossingOf([]));
    let over = false;
    const empty = box.empty().then(() => (over = true));
    pass();
    expect(sent).toHaveLength(1);
    box.crossed(crossingOf([]));
    box.taken();
    await Promise.resolve();
    expect(over).toBe(false);
    pass();
    box.taken();
    await empty;
    expect(sent.flatMap(({ crossings }) => unpackCrossings(crossings))).toHaveLength(2);
  });
});
