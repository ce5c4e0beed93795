import { expect, test } from "vitest";
import { mergeBatches } from "@tracemend/otlp";
import type { Batch } from "@tracemend/otlp";
import { createMemory } from "../../src/memory.ts";
import { own } from "../../src/stages/own.ts";
import { batchOf, never } from "../batches.ts";

test("lent parts are copied, the others go on as they are", async () => {
  const before = batchOf("traces", 1);
  const [bytes] = before.parts as [Uint8Array];
  const lent = createMemory(1_000_000).take(100_000).subarray(0, bytes.byteLength);
  lent.set(bytes);
  const seen: Batch[] = [];
  const sink = own({
    async accept(batch) {
      seen.push(batch);
      return { kind: "accepted" };
    },
    async close() {},
  });
  await sink.accept(before, never);
  expect(seen[0]).toBe(before);
  await sink.accept(mergeBatches([before, { ...before, parts: [lent] }]), never);
  lent.fill(0);
  expect(seen[1]).toMatchObject({ items: 2, bytes: 2 * before.bytes });
  expect(seen[1]?.parts[0]).toBe(bytes);
  expect(Buffer.compare(seen[1]?.parts[1] as Uint8Array, bytes)).toBe(0);
});
