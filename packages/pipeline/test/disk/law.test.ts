/** Any run of a queue on disk, cut into lives by crashes: every batch is exported, dropped and counted, or still there. */
import { readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { eventually, never } from "../batches.ts";
import { createFolder, segmentsIn } from "./folder.ts";
import { one, run } from "./runs.ts";
import { settled } from "../stages/sinks.ts";

/** The places of damage are shares of a file's length. */
const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("accept" as const), count: fc.integer({ min: 1, max: 12 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("answer" as const), count: fc.integer({ min: 1, max: 12 }) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("crash" as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("damage" as const),
        segment: fc.nat(7),
        at: fc.double({ min: 0, max: 0.999, noNaN: true }),
      }),
    },
  ),
  { minLength: 4, maxLength: 30 },
);

test("nothing is lost without being counted, nothing comes out of order, and the ledger adds up", async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 4 }), async (script, concurrency) => {
      const folder = createFolder();
      const storage = { folder, fsync: "never", maxBytes: 1024 * 1024, segmentBytes: 600 } as const;
      const begin = () => run(folder, { storage }, concurrency);
      let life = begin();
      let next = 0;
      let corrupt = 0;
      let wasDamaged = false;
      const arrived: string[] = [];
      const accept = async (): Promise<void> => {
        expect(await life.queue.accept(one(next++), never)).toEqual({ kind: "accepted" });
      };
      const end = async (): Promise<void> => {
        await life.queue.close(AbortSignal.abort());
        // What was damaged is noticed when it is read, in this life or a later one.
        corrupt += life.row().dropped.corrupt;
        expectInOrder(life.names());
        arrived.push(...life.names().slice(0, life.row().exported));
      };
      for (const step of script) {
        if (step.kind === "accept") {
          for (let count = 0; count < step.count; count++) {
            await accept();
          }
        } else if (step.kind === "answer") {
          for (let count = 0; count < step.count; count++) {
            await settled();
            if (life.sink.waiting > 0) life.sink.answer({ kind: "accepted" });
          }
        } else {
          if (next === 0) continue;
          await end();
          if (step.kind === "damage") wasDamaged = damage(folder, step.segment, step.at) || wasDamaged;
          life = begin();
          if (life.queue.recovered.items === 0) await accept();
        }
        if (next > 0) life.row();
      }
      if (next === 0) return;
      const { received } = life.row();
      await eventually(() => {
        if (life.sink.waiting > 0) life.sink.answer({ kind: "accepted" });
        const row = life.row();
        return row.exported + row.dropped.corrupt === received;
      });
      await end();
      expect(new Set(arrived).size + corrupt).toBe(next);
      expect(wasDamaged || corrupt === 0).toBe(true);
    }),
    { numRuns: 60, seed: 6 },
  );
}, 60_000);

function expectInOrder(names: readonly string[]): void {
  const numbers = names.map((name) => Number.parseInt(name.slice(1), 10));
  expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
}

/** Turns over one byte, but not in the last record: what a write that was cut off looks like is another test. */
function damage(folder: string, segment: number, at: number): boolean {
  const paths = segmentsIn(folder);
  const path = paths[segment % Math.max(1, paths.length - 1)];
  if (path === undefined || paths.length < 2) return false;
  const bytes = readFileSync(path);
  const place = Math.floor(at * bytes.length);
  bytes[place] = (bytes[place] as number) ^ 0xff;
  writeFileSync(path, bytes);
  return true;
}
