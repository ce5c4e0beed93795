/** An embedded OTLP sink: stands in for a region's collector agents and remembers every span it was sent. */
import { forEachSpan } from "@tracemend/otlp";
import type { Sink } from "@tracemend/pipeline";
import { createGrpcReceiver, createHttpReceiver } from "@tracemend/pipeline";

export interface ExportedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** `""` for a root. */
  readonly parentSpanId: string;
  readonly service: string;
  readonly cluster: string;
  /** OTLP's number: 2 is SERVER, 3 is CLIENT. */
  readonly kind: number;
  readonly path: string;
}

export interface Agents {
  /** Every span since the last `take`. */
  readonly spans: readonly ExportedSpan[];
  take(): readonly ExportedSpan[];
  close(): Promise<void>;
}

export async function startAgents(ports: { readonly eu: number; readonly us: number }): Promise<Agents> {
  let spans: ExportedSpan[] = [];
  const sink: Sink = {
    accept(batch) {
      if (batch.signal === "traces") {
        forEachSpan(batch, (span) => {
          spans.push({
            traceId: span.traceId(),
            spanId: span.spanId(),
            parentSpanId: span.parentSpanId(),
            service: text(span.resourceAttribute("service.name")),
            cluster: text(span.resourceAttribute("k8s.cluster.name")),
            kind: span.kind(),
            path: text(span.attribute("url.path")),
          });
        });
      }
      return Promise.resolve({ kind: "accepted" });
    },
    close: () => Promise.resolve(),
  };
  const receivers = [
    await createGrpcReceiver({ host: "127.0.0.1", port: ports.eu }, sink),
    await createHttpReceiver({ host: "127.0.0.1", port: ports.us }, sink),
  ];
  return {
    get spans() {
      return spans;
    },
    take() {
      const taken = spans;
      spans = [];
      return taken;
    },
    async close() {
      const signal = AbortSignal.timeout(2000);
      await Promise.all(receivers.map((receiver) => receiver.close(signal)));
    },
  };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
