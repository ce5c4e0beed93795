/** A destination over gRPC that tells the spans it was sent, by the reference decoder, and can be told to fail. */
import type { Outcome } from "@tracemend/pipeline";
import type { Plain } from "./otlp-reference.ts";
import { createRecordingSink } from "./recording-sink.ts";
import type { Answer } from "./recording-sink.ts";

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly service: unknown;
  readonly cluster: unknown;
}

export interface Collector {
  readonly port: number;
  readonly spans: readonly CollectedSpan[];
  /** Items of each signal that were accepted. */
  readonly items: Readonly<Record<string, number>>;
  /** What it answers from now on; by default it accepts. */
  answer: Outcome;
  /** Resolves once the spans that came in satisfy `enough`. */
  until(enough: (spans: readonly CollectedSpan[]) => boolean): Promise<void>;
  close(): Promise<void>;
}

export async function startCollector(port = 0): Promise<Collector> {
  const sink = await createRecordingSink({ grpcPort: port });
  const spans: CollectedSpan[] = [];
  const items: Record<string, number> = {};
  let answer: Outcome = { kind: "accepted" };
  sink.answer(({ signal, message, items: count }) => {
    if (answer.kind === "accepted") {
      items[signal] = (items[signal] ?? 0) + count;
      if (signal === "traces") spans.push(...spansOf(message));
    }
    return toAnswer(answer);
  });
  return {
    port: Number(new URL(sink.grpcEndpoint).port),
    spans,
    items,
    get answer() {
      return answer;
    },
    set answer(told) {
      answer = told;
    },
    until: (enough) => sink.until(() => enough(spans)),
    close: () => sink.stop(),
  };
}

function toAnswer(outcome: Outcome): Answer {
  if (outcome.kind === "accepted") return { kind: "accept" };
  if (outcome.kind === "partial") return outcome;
  if (outcome.kind === "busy") return { kind: "busy", retryAfterSeconds: Math.ceil(outcome.retryAfterMs / 1_000) };
  return outcome.tooLarge === true ? { kind: "too-large" } : { kind: "refuse", message: outcome.message };
}

function spansOf(request: Plain): CollectedSpan[] {
  return listOf(request, "resourceSpans").flatMap((envelope) => {
    const attributes = listOf((envelope["resource"] ?? {}) as Plain, "attributes");
    const attribute = (key: string): unknown =>
      ((attributes.find((one) => one["key"] === key)?.["value"] ?? {}) as Plain)["stringValue"];
    return listOf(envelope, "scopeSpans")
      .flatMap((scope) => listOf(scope, "spans"))
      .map((span) => ({
        traceId: hexOf(span["traceId"]),
        spanId: hexOf(span["spanId"]),
        parentSpanId: hexOf(span["parentSpanId"]),
        name: (span["name"] ?? "") as string,
        kind: (span["kind"] ?? 0) as number,
        service: attribute("service.name"),
        cluster: attribute("k8s.cluster.name"),
      }));
  });
}

function listOf(message: Plain, field: string): readonly Plain[] {
  return (message[field] ?? []) as readonly Plain[];
}

function hexOf(base64: unknown): string {
  return Buffer.from((base64 ?? "") as string, "base64").toString("hex");
}
