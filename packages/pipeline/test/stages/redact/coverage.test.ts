import { describe, expect, it } from "vitest";
import { readBatch } from "@tracemend/otlp";
import type { Batch, Signal } from "@tracemend/otlp";
import { type MessageType, messageTypes } from "../../../../otlp/src/wire/fields.ts";
import { type Bytes, concat, group, len, num, str } from "../../../../otlp/test/support/bytes.ts";
import { redact } from "../../../src/stages/redact.ts";
import type { RedactOptions } from "../../../src/stages/redact/policy.ts";
import { never } from "../../batches.ts";
import { createFixedSink } from "../sinks.ts";

const secret = "alice@example.com";
const roots = { traces: messageTypes.Traces, metrics: messageTypes.Metrics, logs: messageTypes.Logs } as const;
/** Values nest in values; so deep that arrays stand in maps in arrays. */
const maxNesting = 3;

/** A message with the secret in every string and bytes field of it and of every message in it, known or not. */
function plant(type: MessageType, planted: Set<string>, around: readonly MessageType[] = []): Bytes {
  const fields = type.fields.flatMap((field) => {
    if (field === undefined) return [];
    if (field.message !== undefined) {
      if (around.filter((outer) => outer === field.message).length === maxNesting) return [];
      return [len(field.number, plant(field.message, planted, [...around, field.message]))];
    }
    if (field.type !== "string" && field.type !== "bytes") return [];
    planted.add(`${type.name}.${field.name}`);
    return [str(field.number, `is ${secret} here`)];
  });
  const unknown = [str(1000, secret), group(1001, str(1, secret)), num(1002, 7)];
  return concat(...fields, ...unknown);
}

async function redacted(batch: Batch, policy: RedactOptions): Promise<Buffer> {
  const sink = createFixedSink({ kind: "accepted" });
  await redact({ policy, redacted: () => {} })(sink).accept(batch, never);
  return Buffer.concat(sink.batches[0]?.parts ?? []);
}

function read(signal: Signal, body: Bytes): Batch {
  const reading = readBatch(signal, body);
  if (reading.kind !== "batch") throw new TypeError(reading.defect.message);
  return reading.batch;
}

describe("redaction", () => {
  it("leaves no trace of a secret in any string-bearing field of the three signals, nor in fields nobody knows", async () => {
    const all = new Set<string>();
    for (const [signal, type] of Object.entries(roots) as [keyof typeof roots, MessageType][]) {
      const planted = new Set<string>();
      const body = plant(type, planted);
      expect(Buffer.from(body).includes(secret)).toBe(true);
      const clean = await redacted(read(signal, body), { patterns: ["email"] });
      expect(clean.includes(secret)).toBe(false);
      // One mask for each place but the unknown ones: nothing was lost with it.
      const count = (bytes: Uint8Array, text: string): number =>
        Buffer.from(bytes).toString("latin1").split(text).length - 1;
      const unknown = count(body, `\u0011${secret}`);
      expect(count(clean, "is **** here")).toBe(count(body, secret) - unknown);
      for (const name of planted) all.add(name);
    }
    const answers = new Set(["ExportResponse", "PartialSuccess", "Status", "Any", "RetryInfo", "Duration"]);
    const profiles = new Set(["Profiles", "ResourceProfiles", "ScopeProfiles", "Profile", "Opaque"]);
    const known = Object.values(messageTypes)
      .filter(({ name }) => !answers.has(name) && !profiles.has(name))
      .flatMap(({ name, fields }) =>
        fields
          .filter((field) => field?.type === "string" || field?.type === "bytes")
          .map((field) => `${name}.${field!.name}`),
      );
    expect(all).toEqual(new Set(known));
  });

  it.each(["delete", "mask", "hash"] as const)("by key reaches every attribute there is: %s", async (action) => {
    for (const [signal, type] of Object.entries(roots) as [keyof typeof roots, MessageType][]) {
      const body = plantAttributes(type);
      expect(Buffer.from(body).includes(secret)).toBe(true);
      const clean = await redacted(read(signal, body), { attributes: [{ keys: ["user.*"], action }] });
      expect(clean.includes(secret)).toBe(false);
    }
  });

  it("refuses profiles, whose strings it does not know", async () => {
    const sink = createFixedSink({ kind: "accepted" });
    const outcome = await redact({ policy: { patterns: ["email"] }, redacted: () => {} })(sink).accept(
      read("profiles", len(1)),
      never,
    );
    expect(outcome).toEqual({ kind: "refused", message: "profiles cannot be redacted" });
  });
});

/** The secret as value of `user.email` wherever attributes stand. */
function plantAttributes(type: MessageType, around: readonly MessageType[] = []): Bytes {
  if (type === messageTypes.KeyValue) return concat(str(1, "user.email"), len(2, str(1, secret)));
  return concat(
    ...type.fields.flatMap((field) => {
      if (field?.message === undefined || around.includes(field.message)) return [];
      return [len(field.number, plantAttributes(field.message, [...around, field.message]))];
    }),
  );
}
