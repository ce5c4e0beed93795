/** A destination in this process: a real OTLP/gRPC listener that remembers the spans it was sent and can be told to fail. */
import { forEachSpan } from "@tracemend/otlp";
import type { Outcome, Receiver } from "@tracemend/pipeline";
import { createGrpcReceiver } from "@tracemend/pipeline";

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
  const spans: CollectedSpan[] = [];
  const items: Record<string, number> = {};
  const waiting = new Set<() => void>();
  const state: { answer: Outcome } = { answer: { kind: "accepted" } };
  const receiver: Receiver = await createGrpcReceiver(
    { host: "127.0.0.1", port },
    {
      accept(batch) {
        if (state.answer.kind !== "accepted") return Promise.resolve(state.answer);
        items[batch.signal] = (items[batch.signal] ?? 0) + batch.items;
        if (batch.signal === "traces") {
          forEachSpan(batch, (span) => {
            spans.push({
              traceId: span.traceId(),
              spanId: span.spanId(),
              parentSpanId: span.parentSpanId(),
              name: span.name(),
              kind: span.kind(),
              service: span.resourceAttribute("service.name"),
              cluster: span.resourceAttribute("k8s.cluster.name"),
            });
          });
        }
        for (const look of waiting) look();
        return Promise.resolve(state.answer);
      },
      close: () => Promise.resolve(),
    },
  );
  return {
    port: receiver.address.port,
    spans,
    items,
    get answer() {
      return state.answer;
    },
    set answer(answer) {
      state.answer = answer;
    },
    until(enough) {
      return new Promise((resolve) => {
        const look = (): void => {
          if (!enough(spans)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      });
    },
    close: () => receiver.close(AbortSignal.timeout(1000)),
  };
}
