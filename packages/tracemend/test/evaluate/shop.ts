/** A small synthetic recording: a shop that calls its stock, which calls its store. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Edge, ReadyRecording } from "../../src/evaluate/call.ts";
import { readyRecording } from "../../src/evaluate/call.ts";
import { PAIRS_HEADER } from "../../src/evaluate/read-pairs.ts";
import type { Kind, RecordedSpan, RecordedTrace } from "../../src/evaluate/recording.ts";

export function spanOf(
  service: string,
  name: string,
  kind: Kind | undefined,
  parent: number,
  startMs: number,
  endMs: number,
): RecordedSpan {
  return { service, instance: `${service}-1`, kind, name, parent, startMs, endMs };
}

/** One request a `gapMs`, each a little different in time. */
export function shopTraces(count: number, gapMs = 100): readonly RecordedTrace[] {
  return Array.from({ length: count }, (_, at) => {
    const startMs = 1_000_000 + at * gapMs;
    const slower = at % 7;
    return {
      startMs,
      unseenParents: 0,
      spans: [
        spanOf("shop", "/buy", "server", -1, startMs, startMs + 30 + slower),
        spanOf("shop", "GET", "client", 0, startMs + 2, startMs + 25 + slower),
        spanOf("stock", "/take", "server", 1, startMs + 4, startMs + 23 + slower),
        spanOf("stock", "GET", "client", 2, startMs + 6, startMs + 20 + slower),
        spanOf("store", "/read", "server", 3, startMs + 8, startMs + 18 + slower),
      ],
    };
  });
}

export function shop(count = 100): ReadyRecording {
  return readyRecording({ name: "shop", holds: "traces", traces: shopTraces(count) });
}

export function edgeOf(recording: ReadyRecording, name: string): Edge {
  const edge = recording.edges.find((one) => one.name === name);
  if (edge === undefined) throw new Error(`no edge is named ${name}`);
  return edge;
}

/** The shop's calls to its stock, each as four times in microseconds. */
export function pairLines(traces: readonly RecordedTrace[]): string {
  const rows = traces.map(({ spans: [, call, span] }) =>
    [call?.startMs, call?.endMs, span?.startMs, span?.endMs].map((ms) => `${1_700_000_000 + (ms ?? 0)}000`).join(","),
  );
  return ["# shop to stock", PAIRS_HEADER, ...rows].join("\n");
}

/** One line of Jaeger JSON for each trace. */
export function jaegerLines(traces: readonly RecordedTrace[]): string {
  return traces.map((trace, at) => JSON.stringify(jaegerTrace(trace, `t${at}`))).join("\n");
}

function jaegerTrace({ spans }: RecordedTrace, traceID: string): unknown {
  const services = [...new Set(spans.map(({ service }) => service))];
  return {
    traceID,
    processes: Object.fromEntries(
      services.map((serviceName) => [
        serviceName,
        { serviceName, tags: [{ key: "hostname", value: `${serviceName}-1` }] },
      ]),
    ),
    spans: spans.map(({ service, name, kind, parent, startMs, endMs }, at) => ({
      traceID,
      spanID: `s${at}`,
      processID: service,
      operationName: name,
      startTime: startMs * 1000,
      duration: (endMs - startMs) * 1000,
      tags: kind === undefined ? [] : [{ key: "span.kind", value: kind }],
      references: parent < 0 ? [] : [{ refType: "CHILD_OF", traceID, spanID: `s${parent}` }],
    })),
  };
}

/** A folder with these files; removed by `[Symbol.dispose]`. */
export function folderWith(
  files: Readonly<Record<string, string | Uint8Array>>,
): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "tracemend-recordings-"));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}
