/** Traces for tests of sampling, and a sampler between a ledger and a sink that takes everything. */
import { createHash } from "node:crypto";
import { encodeSpans, forEachSpan } from "@tracemend/otlp";
import type { Batch, SpanRecord } from "@tracemend/otlp";
import type { LedgerRow, PolicyOptions, SampleOptions } from "@tracemend/pipeline";
import { createFakeClock } from "../../../../test/support/clock.ts";
import type { FakeClock } from "../../../../test/support/clock.ts";
import { createLedger } from "../../src/ledger.ts";
import type { Ledger } from "../../src/ledger.ts";
import { defineSample } from "../../src/sample/options.ts";
import { createSampler } from "../../src/sample/sample.ts";
import type { Sampler } from "../../src/sample/sample.ts";
import { never, rowOf } from "../batches.ts";
import { createFixedSink, settled } from "../stages/sinks.ts";

export interface Span {
  readonly trace: number;
  readonly span: number;
  readonly startMs: number;
  readonly durationMs: number;
  readonly isError: boolean;
  readonly tenant: string;
  readonly isRoot?: boolean;
  readonly tracestate?: string;
}

export const plain: Span = { trace: 1, span: 1, startMs: 0, durationMs: 10, isError: false, tenant: "a" };

export const idOf = (trace: number): string => createHash("sha256").update(`trace ${trace}`).digest("hex").slice(0, 32);

export function toBatch(spans: readonly Span[]): Batch {
  const records = spans.map(
    ({ trace, span, startMs, durationMs, isError, tenant, isRoot, tracestate }): SpanRecord => ({
      traceId: idOf(trace),
      spanId: (trace * 1_000 + span + 1).toString(16).padStart(16, "0"),
      ...(isRoot === true ? {} : { parentSpanId: "00000000000000aa" }),
      name: `${trace}/${span}`,
      kind: "server",
      startMs: 1_700_000_000_000 + startMs,
      endMs: 1_700_000_000_000 + startMs + durationMs,
      attributes: { tenant, size: durationMs },
      ...(isError ? { status: { code: "error" as const } } : {}),
      ...(tracestate === undefined ? {} : { tracestate }),
    }),
  );
  return encodeSpans({ "service.name": "shop", canary: true }, { name: "test", version: "1" }, records);
}

export const always = { name: "all", type: "always_sample" } as const;
export const errors = { name: "errors", type: "status_code", statusCodes: ["ERROR"] } as const;
export const slow = { name: "slow", type: "latency", thresholdMs: 100 } as const;
export const vip = { name: "vip", type: "string_attribute", key: "tenant", values: ["vip"] } as const;
export const half = { name: "half", type: "probabilistic", samplingPercentage: 50 } as const;

export interface Sampled {
  readonly clock: FakeClock;
  readonly sampler: Sampler;
  readonly ledger: Ledger;
  /** Items of batches that were answered. */
  readonly told: { accepted: number };
  readonly send: (...spans: readonly Span[]) => void;
  /** Names of the spans that went on, after everything that could settle has. */
  readonly kept: () => Promise<string[]>;
  readonly tracestates: () => string[];
  readonly row: () => LedgerRow;
}

export function setUp(options: SampleOptions, mostBytes = 1_000_000): Sampled {
  const clock = createFakeClock();
  const ledger = createLedger();
  const account = ledger.account("a");
  const sink = createFixedSink({ kind: "accepted" });
  const sample = defineSample(options, mostBytes, (option, rule, value) => {
    throw new TypeError(`${option} must be ${rule}, not ${JSON.stringify(value)}`);
  });
  const sampler = createSampler(sample, account, clock, sink);
  const told = { accepted: 0 };
  const send = (...spans: readonly Span[]): void => {
    const batch = toBatch(spans);
    account.queued("traces", batch.items);
    void sampler.sink.accept(batch, never).then(({ kind }) => (told.accepted += kind === "accepted" ? batch.items : 0));
  };
  const kept = async (): Promise<string[]> => {
    await settled();
    const names: string[] = [];
    for (const batch of sink.batches) forEachSpan(batch, (span) => names.push(span.name()));
    return names;
  };
  const tracestates = (): string[] => {
    const texts: string[] = [];
    for (const batch of sink.batches) forEachSpan(batch, (span) => texts.push(span.tracestate()));
    return texts;
  };
  const row = (): LedgerRow => rowOf(ledger.rows(), "a");
  return { clock, sampler, send, kept, tracestates, row, ledger, told };
}

export const tail = (policies: readonly PolicyOptions[], more: object = {}): SampleOptions => ({
  kind: "tail",
  policies,
  decisionWaitMs: 1_000,
  ...more,
});
