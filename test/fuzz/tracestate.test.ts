import { isDeepStrictEqual } from "node:util";
import { readBatch, rewriteTracestates } from "@tracemend/otlp";
import type { Batch } from "@tracemend/otlp";
import fc from "fast-check";
import { expect, it } from "vitest";
import { messageTypes } from "../../packages/otlp/src/wire/fields.ts";
import { canonical, unknownFields } from "../../packages/otlp/test/support/canonical.ts";
import { Choices, makeMessage } from "../../packages/otlp/test/support/messages.ts";
import { decodeRequest } from "../../packages/otlp/test/support/reference.ts";
import type { Message } from "../../packages/otlp/test/support/reference.ts";
import { list } from "./otlp-facts.ts";

const numRuns = Number(process.env["TRACEMEND_FUZZ_RUNS"] ?? 400);
const type = messageTypes.Traces;

function read(bytes: Uint8Array): Batch {
  const reading = readBatch("traces", bytes);
  if (reading.kind !== "batch") throw new Error(reading.defect.message);
  return reading.batch;
}

function spansOf(message: Message): Message[] {
  const scopes = list(message, "resourceSpans").flatMap((resource) => list(resource, "scopeSpans"));
  return scopes.flatMap((scope) => list(scope, "spans"));
}

/** The same for every reader of one place among the spans: leave, take out, replace. */
const textAt = (place: number): string | undefined => [undefined, "", `ot=th:8,place=${place}`][place % 3];

it(
  "a rewritten tracestate is all that an independent reader finds different",
  { timeout: 60_000 + 20 * numRuns },
  () => {
    fc.assert(
      fc.property(fc.integer(), fc.boolean(), (seed, repeats) => {
        const bytes = makeMessage(type, new Choices(seed), { repeats });
        let place = 0;
        const rewritten = rewriteTracestates(read(bytes), () => textAt(place++));
        const after = Buffer.concat(rewritten.parts);
        const expected = decodeRequest("traces", canonical(type, bytes));
        spansOf(expected).forEach((span, at) => {
          const text = textAt(at);
          if (text === "") delete span["traceState"];
          else if (text !== undefined) span["traceState"] = text;
        });
        const actual = decodeRequest("traces", canonical(type, after));
        expect(isDeepStrictEqual(actual, expected) ? undefined : { actual, expected }).toBeUndefined();
        expect(unknownFields(type, after)).toEqual(unknownFields(type, bytes));
        expect(place).toBe(spansOf(expected).length);
      }),
      { numRuns },
    );
  },
);
