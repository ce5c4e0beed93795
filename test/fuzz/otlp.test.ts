import { Buffer } from "node:buffer";
import { isDeepStrictEqual } from "node:util";
import {
  type Batch,
  defineStamp,
  formatJsonBatch,
  hashTraceId,
  mergeBatches,
  readBatch,
  readJsonBatch,
  refineBatch,
  rewriteStrings,
  selectSpans,
  shardByTrace,
  type Signal,
  splitBatch,
} from "@tracemend/otlp";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type MessageType, messageTypes } from "../../packages/otlp/src/wire/fields.ts";
import { concat } from "../../packages/otlp/test/support/bytes.ts";
import { canonical, mayHavePaddedVarint, unknownFields } from "../../packages/otlp/test/support/canonical.ts";
import { Choices, makeMessage, mutate, words } from "../../packages/otlp/test/support/messages.ts";
import { decodeRequest, type Message } from "../../packages/otlp/test/support/reference.ts";
import { hexOf, itemsOf, list, type Pair, spansOf, viewsOf } from "./otlp-facts.ts";

type Known = Exclude<Signal, "profiles">;

const numRuns = Number(process.env["TRACEMEND_FUZZ_RUNS"] ?? 400);
const timeoutMs = 30_000 + 200 * numRuns;

const types: Readonly<Record<Known, MessageType>> = {
  traces: messageTypes.Traces,
  metrics: messageTypes.Metrics,
  logs: messageTypes.Logs,
};

interface Sample {
  readonly signal: Known;
  readonly seed: number;
  /** Do singular messages repeat, and oneofs have several members? */
  readonly repeats: boolean;
}

const anySample = fc.record<Sample>({
  signal: fc.constantFrom<Known>("traces", "traces", "metrics", "logs"),
  seed: fc.integer(),
  repeats: fc.boolean(),
});

function bytesOf(sample: Sample): Uint8Array {
  return makeMessage(types[sample.signal], new Choices(sample.seed), sample);
}

function read(signal: Signal, bytes: Uint8Array): Batch {
  const reading = readBatch(signal, bytes);
  if (reading.kind !== "batch") throw new Error(`${reading.defect.code}: ${reading.defect.message}`);
  return reading.batch;
}

/** What the independent reader reads, once the repeats it has its own idea of are resolved. */
function meaning(signal: Known, bytes: Uint8Array): Message {
  return decodeRequest(signal, canonical(types[signal], bytes));
}

/** Both where they differ: `toEqual` alone would be most of the time. */
function difference(actual: unknown, expected: unknown): unknown {
  return isDeepStrictEqual(actual, expected) ? undefined : { actual, expected };
}

function forEverySample(check: (sample: Sample) => void): void {
  fc.assert(fc.property(anySample, check), { numRuns });
}

describe("OTLP bytes", () => {
  it("the canonical form means what the message means", { timeout: timeoutMs }, () => {
    const plain = anySample.map((sample) => ({ ...sample, repeats: false }));
    fc.assert(
      fc.property(plain, (sample) => {
        const bytes = bytesOf(sample);
        expect(difference(meaning(sample.signal, bytes), decodeRequest(sample.signal, bytes))).toBeUndefined();
      }),
      { numRuns },
    );
  });

  it("every legal message is read, and its items are counted as decoding counts them", { timeout: timeoutMs }, () => {
    forEverySample((sample) => {
      const bytes = bytesOf(sample);
      const items = itemsOf(types[sample.signal], meaning(sample.signal, bytes));
      expect(read(sample.signal, bytes).items).toBe(items.length);
    });
  });

  it("scanning tells what decoding tells", { timeout: timeoutMs }, () => {
    forEverySample((sample) => {
      const bytes = makeMessage(messageTypes.Traces, new Choices(sample.seed), sample);
      expect(difference(viewsOf(read("traces", bytes)), spansOf(meaning("traces", bytes)))).toBeUndefined();
    });
  });

  it("a stamp does what decoding, editing and encoding does, and keeps what is unknown", { timeout: timeoutMs }, () => {
    forEverySample((sample) => {
      const bytes = bytesOf(sample);
      const type = types[sample.signal];
      const wanted = { "service.name": "eu-1", größe: "🚀" };
      const { batch, spoofed } = defineStamp(wanted)(read(sample.signal, bytes));
      const stamped = concat(...batch.parts);
      expect(read(sample.signal, stamped)).toMatchObject({ items: batch.items, bytes: batch.bytes });

      const edited = meaning(sample.signal, bytes);
      const result = meaning(sample.signal, stamped);
      const envelopes = type.fields[1]!.name;
      let different = 0;
      for (const envelope of list(edited, envelopes)) {
        const resource = (envelope["resource"] ??= {}) as Message;
        const pairs = list(resource, "attributes") as Pair[];
        for (const [key, stringValue] of Object.entries(wanted)) {
          different += pairs.filter((pair) => pair.key === key && pair.value?.["stringValue"] !== stringValue).length;
        }
        const added = Object.entries(wanted).map(([key, stringValue]) => ({ key, value: { stringValue } }));
        resource["attributes"] = [...pairs.filter((pair) => !Object.hasOwn(wanted, pair.key ?? "")), ...added];
      }
      // An attribute that already was right may stay in its place.
      for (const envelope of [...list(edited, envelopes), ...list(result, envelopes)]) {
        const resource = envelope["resource"] as Message;
        resource["attributes"] = list(resource, "attributes")
          .map((pair) => JSON.stringify(pair))
          .toSorted();
      }
      expect(difference(result, edited)).toBeUndefined();
      expect(spoofed).toBe(different);
      expect(
        difference(unknownFields(type, stamped, "resource"), unknownFields(type, bytes, "resource")),
      ).toBeUndefined();
    });
  });

  it("splitting keeps every item with its envelopes, in order and within the limit", { timeout: timeoutMs }, () => {
    forEverySample((sample) => {
      const choices = new Choices(sample.seed);
      const type = types[sample.signal];
      const parts = Array.from({ length: 1 + choices.below(2) }, () => makeMessage(type, choices, sample));
      const batch = mergeBatches(parts.map((part) => read(sample.signal, part)));
      const maxItems = 1 + choices.below(4);
      const maxBytes = 100 + choices.below(2000);
      const pieces = splitBatch(batch, { maxItems, maxBytes });
      for (const piece of pieces) {
        expect(read(sample.signal, concat(...piece.parts))).toMatchObject({ items: piece.items, bytes: piece.bytes });
        // A metric with several kinds of data is one piece however many points it has.
        if (piece.items <= 1 || (sample.signal === "metrics" && sample.repeats)) continue;
        expect(piece.items).toBeLessThanOrEqual(maxItems);
        expect(piece.bytes).toBeLessThanOrEqual(maxBytes);
      }
      const itemsIn = (bytes: Uint8Array): unknown[] => itemsOf(type, meaning(sample.signal, bytes));
      expect(
        difference(
          pieces.flatMap((piece) => itemsIn(concat(...piece.parts))),
          parts.flatMap((part) => itemsIn(part)),
        ),
      ).toBeUndefined();
    });
  });

  it("damaged bytes are refused, or read as the reference reads them", { timeout: timeoutMs }, () => {
    forEverySample((sample) => {
      const { ours, reference } = readBoth(sample.signal, mutate(bytesOf(sample), new Choices(~sample.seed)));
      expect(difference(ours, reference)).toBeUndefined();
    });
  });

  it("selecting and sharding take whole spans, each with its envelopes", { timeout: timeoutMs }, () => {
    forEverySample((sample) => {
      const bytes = makeMessage(messageTypes.Traces, new Choices(sample.seed), sample);
      const batch = read("traces", bytes);
      const items = itemsOf(messageTypes.Traces, meaning("traces", bytes));
      const isEven = (traceId: string): boolean => traceId.length % 4 === 0 && !/[13579bdf]$/.test(traceId);
      const ofShard = (even: boolean): unknown[] =>
        items.filter((item) => isEven(hexOf(((item as unknown[]).at(-1) as Message)["traceId"])) === even);
      const itemsIn = (part: Batch | undefined): unknown[] =>
        part === undefined ? [] : itemsOf(messageTypes.Traces, meaning("traces", concat(...part.parts)));

      expect(difference(itemsIn(selectSpans(batch, (span) => isEven(span.traceId()))), ofShard(true))).toBeUndefined();

      const count = 3;
      const shardOf = (traceHash: number): number => traceHash % count;
      const shardOfItem = (item: unknown): number => {
        const traceId = ((item as unknown[]).at(-1) as Message)["traceId"];
        return shardOf(hashTraceId(Buffer.from((traceId ?? "") as string, "base64")));
      };
      const shards = shardByTrace(batch, { count, shardOf });
      for (let shard = 0; shard < count; shard++) {
        expect(
          difference(
            itemsIn(shards.get(shard)),
            items.filter((item) => shardOfItem(item) === shard),
          ),
        ).toBeUndefined();
      }
      for (const shard of shards.values()) {
        expect(read("traces", concat(...shard.parts))).toMatchObject({ items: shard.items, bytes: shard.bytes });
      }
    });
  });

  it("refining leaves what every reader reads alike, without the bad items", { timeout: timeoutMs }, () => {
    forEverySample((sample) => {
      const bytes = bytesOf(sample);
      const batch = read(sample.signal, bytes);
      const { batch: refined, rejected, canonicalized } = refineBatch(batch);
      const after = concat(...refined.parts);
      expect(batch.items).toBe(refined.items + rejected);
      expect(read(sample.signal, after).items).toBe(refined.items);
      // Protobufjs reads it as it is, repeats or not, and nothing is left to reject or to resolve.
      expect(difference(decodeRequest(sample.signal, after), meaning(sample.signal, after))).toBeUndefined();
      expect(refineBatch(refined)).toMatchObject({ rejected: 0, canonicalized: false });
      const type = types[sample.signal];
      const kept = new Set(itemsOf(type, meaning(sample.signal, bytes)).map((item) => JSON.stringify(item)));
      const extra = itemsOf(type, meaning(sample.signal, after)).filter((item) => !kept.has(JSON.stringify(item)));
      // Of repeated resource attributes only one stays; all else is as it was.
      expect(canonicalized || extra.length === 0).toBe(true);
    });
  });

  it("a rule that changes nothing changes no meaning and leaves no unknown field", { timeout: timeoutMs }, () => {
    forEverySample((sample) => {
      const bytes = bytesOf(sample);
      const type = types[sample.signal];
      const rewritten = concat(...rewriteStrings(read(sample.signal, bytes), { text: (text) => text }).parts);
      expect(difference(meaning(sample.signal, rewritten), meaning(sample.signal, bytes))).toBeUndefined();
      expect(difference(unknownFields(type, rewritten), [])).toBeUndefined();
    });
  });

  it("a rule sees every string there is", { timeout: timeoutMs }, () => {
    forEverySample((sample) => {
      const bytes = bytesOf(sample);
      const rewritten = rewriteStrings(read(sample.signal, bytes), { text: (text) => (text === "" ? "" : "▮") });
      const strings = JSON.stringify(meaning(sample.signal, concat(...rewritten.parts)));
      for (const word of words) expect(word.length > 1 && strings.includes(word)).toBe(false);
    });
  });

  it("JSON and back means the same", { timeout: timeoutMs }, () => {
    forEverySample((sample) => {
      const bytes = bytesOf(sample);
      const text = formatJsonBatch(read(sample.signal, bytes));
      expect(() => JSON.parse(text) as unknown).not.toThrow();
      const reading = readJsonBatch(sample.signal, text);
      const again = reading.kind === "batch" ? concat(...reading.batch.parts) : bytes.subarray(0, 0);
      const { Resource } = messageTypes;
      expect(reading.kind).toBe("batch");
      expect(
        difference(
          onceEach(Resource, meaning(sample.signal, again)),
          onceEach(Resource, meaning(sample.signal, bytes)),
        ),
      ).toBeUndefined();
    });
  });
});

/** The first attribute of each key of a resource, as canonical bytes have it. */
function onceEach(type: MessageType, request: Message): Message {
  const firstOf = (pairs: readonly Pair[]): Pair[] =>
    pairs.filter((pair, index) => pairs.findIndex((other) => (other.key ?? "") === (pair.key ?? "")) === index);
  const [envelopes = []] = Object.values(request) as Message[][];
  for (const { resource } of envelopes as { resource?: Message }[]) {
    const name = type.fields[1]!.name;
    if (resource?.[name] !== undefined) resource[name] = firstOf(resource[name] as Pair[]);
  }
  return request;
}

/** What a reading tells and what the reference tells; nothing of either when the bytes are refused. */
function readBoth(signal: Known, bytes: Uint8Array): { ours: unknown; reference: unknown } {
  const reading = readBatch(signal, bytes);
  if (reading.kind === "malformed") return { ours: reading.defect.offset <= bytes.length, reference: true };
  if (!mayHavePaddedVarint(bytes)) decodeRequest(signal, bytes);
  const { batch } = reading;
  const decoded = meaning(signal, bytes);
  const stamped = defineStamp({ a: "b" })(batch).batch.items;
  const items = itemsOf(types[signal], decoded).length;
  return {
    ours: { items: batch.items, stamped, spans: viewsOf(batch) },
    reference: { items, stamped: items, spans: spansOf(decoded) },
  };
}
