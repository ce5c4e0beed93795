/** Every kind of answer in random order: what the collector kept is what the ledger calls exported, to the item. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { createPipeline } from "@tracemend/pipeline";
import { createRecordingSink } from "../../../test/support/recording-sink.ts";
import type { Answer } from "../../../test/support/recording-sink.ts";
import { batchOf, eventually, expectBalanced, never, rowOf } from "./batches.ts";
import { destinationOf, protocols } from "./harness.ts";

const answers: fc.Arbitrary<Answer> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Answer>({ kind: "accept" }) },
  fc.constant<Answer>({ kind: "busy" }),
  fc.constant<Answer>({ kind: "throttle", retryAfterSeconds: 0 }),
  fc.constant<Answer>({ kind: "refuse", message: "no" }),
  fc.constant<Answer>({ kind: "too-large" }),
  fc.constant<Answer>({ kind: "reset" }),
  fc.constant<Answer>({ kind: "raw", status: 502, contentType: "text/html", body: "" }),
  fc.nat(12).map((rejected): Answer => ({ kind: "partial", rejected, message: "some" })),
);

test.for(protocols)("over %s", async (protocol) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(answers, { minLength: 1, maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 20 }),
      async (script, sizes, maxItems) => {
        const sink = await createRecordingSink();
        let rejected = 0;
        let next = 0;
        sink.answer((request) => {
          const answer = script[next++ % script.length] as Answer;
          if (answer.kind === "partial") rejected += Math.min(answer.rejected, request.items);
          return answer;
        });
        const retry = { initialIntervalMs: 1, maxIntervalMs: 2, maxElapsedTimeMs: 60 };
        const pipeline = createPipeline({
          destinations: [destinationOf(sink, protocol, { batch: { maxAgeMs: 1, maxItems }, retry })],
        });
        await eventually(() => pipeline.destinations()[0]?.reachable === true);
        for (const size of sizes) {
          await pipeline.accept(batchOf("traces", size), never);
          expectBalanced(pipeline.ledger());
        }
        await pipeline.close(never);
        await sink.stop();
        expectBalanced(pipeline.ledger());
        const row = rowOf(pipeline.ledger(), "a");
        expect(row).toMatchObject({ received: sizes.reduce((sum, size) => sum + size, 0), queued: 0, inFlight: 0 });
        expect(row.exported).toBe(sink.items("traces") - rejected);
      },
    ),
    { numRuns: 40 },
  );
});
