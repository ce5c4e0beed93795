/** Pipelines against a real collector for tests; whatever a test starts is closed after it. */
import { afterEach } from "vitest";
import { createPipeline } from "@tracemend/pipeline";
import type { DestinationOptions, Pipeline, PipelineEvent, PipelineOptions } from "@tracemend/pipeline";
import { createRecordingSink } from "../../../test/support/recording-sink.ts";
import type { RecordingSink } from "../../../test/support/recording-sink.ts";
import { over } from "./batches.ts";

/** Called last to first after the test. */
export const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

export const protocols = ["grpc", "http/protobuf"] as const;
export type Protocol = (typeof protocols)[number];

export async function startSink(): Promise<RecordingSink> {
  const sink = await createRecordingSink();
  closers.push(() => sink.stop());
  return sink;
}

export function destinationOf(
  sink: RecordingSink,
  protocol: Protocol,
  more: Partial<DestinationOptions> = {},
): DestinationOptions {
  const endpoint = protocol === "grpc" ? sink.grpcEndpoint : sink.httpEndpoint;
  return { name: "a", endpoint, protocol, batch: { maxAgeMs: 0 }, ...more };
}

export function start(options: PipelineOptions): Watched {
  const events: PipelineEvent[] = [];
  const watchers = new Set<() => void>();
  const pipeline = createPipeline({
    ...options,
    log(event) {
      events.push(event);
      for (const check of watchers) check();
    },
  });
  closers.push(() => pipeline.close(over));
  const seen = (kind: PipelineEvent["kind"]): Promise<PipelineEvent> =>
    new Promise((resolve) => {
      const check = (): void => {
        const event = events.find((event) => event.kind === kind);
        if (event === undefined) return;
        events.splice(events.indexOf(event), 1);
        watchers.delete(check);
        resolve(event);
      };
      watchers.add(check);
      check();
    });
  return { pipeline, seen };
}

export interface Watched {
  readonly pipeline: Pipeline;
  /** Waits for the next event of a kind. */
  readonly seen: (kind: PipelineEvent["kind"]) => Promise<PipelineEvent>;
}
