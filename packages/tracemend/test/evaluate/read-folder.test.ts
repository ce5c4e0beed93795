/** Reading recordings: four formats, what is no recording, and faults with their place. */
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { readFolder } from "../../src/evaluate/read-folder.ts";
import { NEZHA_HEADER } from "../../src/evaluate/read-nezha.ts";
import { PAIRS_HEADER } from "../../src/evaluate/read-pairs.ts";
import type { Recording } from "../../src/evaluate/recording.ts";
import { RecordingError } from "../../src/evaluate/recording.ts";
import { folderWith, jaegerLines, shopTraces } from "./shop.ts";

async function read(files: Readonly<Record<string, string | Uint8Array>>): Promise<readonly Recording[]> {
  using folder = folderWith(files);
  return (await readFolder(folder.path, () => {})).recordings;
}

function summaryOf(recording: Recording | undefined): readonly string[] {
  const spans = recording?.traces.flatMap((trace) => trace.spans) ?? [];
  return spans.map(({ service, kind, name, parent, startMs, endMs }) =>
    [service, kind ?? "?", name, parent, startMs, endMs].join(" "),
  );
}

test("Jaeger lines keep services, kinds, parents and times, packed or not", async () => {
  const traces = shopTraces(3);
  const lines = jaegerLines(traces);
  const [plain] = await read({ "a.ndjson": lines });
  const [packed] = await read({ "a.jaeger.ndjson.gz": gzipSync(lines) });
  const wanted = summaryOf({ name: "shop", holds: "traces", traces });
  expect(summaryOf(plain)).toEqual(wanted);
  expect(summaryOf(packed)).toEqual(wanted);
  expect(packed?.name).toBe("a");
});

test("Nezha lines name the service by its pod, and pieces of one day are one recording", async () => {
  const row = (trace: string, span: string, parent: string, pod: string, name: string, at: number): string =>
    `${trace},${span},${parent},${pod},${name},${at}000000,${at + 5}000000,5000`;
  const piece = (trace: string, at: number): string =>
    [
      NEZHA_HEADER,
      row(trace, "b", "a", "cart-7d9f8b6c5d-x2x4z", "get, all", at + 1),
      row(trace, "a", "root", "web-6f6cfc45b-h5m2n", "GET", at),
    ].join("\n");
  const recordings = await read({
    "day_trace_08_43_trace.csv": piece("t1", 1_674_982_306_000),
    "day_trace_08_44_trace.csv": piece("t2", 1_674_982_366_000),
  });
  expect(recordings.map(({ name, traces }) => [name, traces.length])).toEqual([["day", 2]]);
  expect(summaryOf(recordings[0]).slice(0, 2)).toEqual([
    "web ? GET -1 1674982306000 1674982306005",
    "cart ? get, all 0 1674982306001 1674982306006",
  ]);
});

test("pairs are read as requests with their spans, and kept apart from traces of the same name", async () => {
  const pair = [PAIRS_HEADER, "1674982306000000,1674982306005000,1674982306001250,1674982306004000"].join("\n");
  const recordings = await read({
    "shop.csv": `# request and span\n${pair}\n`,
    "shop.ndjson": jaegerLines(shopTraces(1)),
  });
  expect(recordings.map(({ name, holds }) => [name, holds])).toEqual([
    ["shop", "pairs"],
    ["shop", "traces"],
  ]);
  expect(summaryOf(recordings[0])).toEqual([
    "caller client call -1 1674982306000 1674982306005",
    "callee server call 0 1674982306001.25 1674982306004",
  ]);
  await expect(read({ "a.csv": `${pair}\n1,2,3` })).rejects.toThrow("a.csv:3: a pair has four times");
});

test("Zipkin spans of version 2 are read, also from the answer to a search", async () => {
  const span = {
    traceId: "1",
    id: "a",
    kind: "SERVER",
    name: "get",
    timestamp: 5000,
    duration: 2000,
    localEndpoint: { serviceName: "web" },
  };
  for (const content of [[span], [[span]]]) {
    const [recording] = await read({ "z.json": JSON.stringify(content, undefined, 2) });
    expect(summaryOf(recording)).toEqual(["web server get -1 5 7"]);
  }
});

test("a span of Zipkin's version 1 with both sides of a call becomes two", async () => {
  const at = (value: string, timestamp: number, serviceName: string): unknown => ({
    value,
    timestamp,
    endpoint: { serviceName },
  });
  const annotations = [at("cs", 1000, "web"), at("sr", 2000, "cart"), at("ss", 3000, "cart"), at("cr", 4000, "web")];
  const span = { traceId: "1", id: "a", name: "get", annotations, binaryAnnotations: [] };
  const [recording] = await read({ "z.json": JSON.stringify([span]) });
  expect(summaryOf(recording)).toEqual(["web client get -1 1 4", "cart server get 0 2 3"]);
});

test("OTLP is read in both spellings", async () => {
  const attributes = [{ key: "service.name", value: { stringValue: "web" } }];
  const span = {
    traceId: "t",
    spanId: "a",
    name: "get",
    kind: 2,
    startTimeUnixNano: "5000000000",
    endTimeUnixNano: "7000000000",
  };
  const old = {
    trace_id: "t",
    span_id: "a",
    name: "get",
    kind: "SPAN_KIND_SERVER",
    start_time_unix_nano: "5000000000",
    end_time_unix_nano: "7000000000",
  };
  const [now] = await read({
    "o.json": JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans: [span] }] }] }),
  });
  const [then] = await read({
    "o.json": JSON.stringify({ resource_spans: [{ resource: { attributes }, scope_spans: [{ spans: [old] }] }] }),
  });
  expect(summaryOf(now)).toEqual(["web server get -1 5000 7000"]);
  expect(summaryOf(then)).toEqual(summaryOf(now));
});

test("a span whose parent is not there is a root, and it is counted", async () => {
  const [first] = shopTraces(1);
  const spans = first?.spans.slice(1).map((span) => ({ ...span, parent: span.parent - 1 })) ?? [];
  const lines = jaegerLines([{ startMs: 0, unseenParents: 0, spans }]).replace(
    '"references":[]',
    '"references":[{"refType":"CHILD_OF","spanID":"gone"}]',
  );
  const [recording] = await read({ "a.ndjson": lines });
  expect(recording?.traces[0]?.unseenParents).toBe(1);
  expect(recording?.traces[0]?.spans[0]?.parent).toBe(-1);
});

test("files that are named like recordings and are none are passed over and named", async () => {
  using folder = folderWith({ "pairs.csv": "# start,end\n1,2\n", "settings.json": '{"a":1}', LICENSE: "free" });
  const { recordings, passedOver } = await readFolder(folder.path, () => {});
  expect(recordings).toEqual([]);
  expect(passedOver).toEqual(["pairs.csv", "settings.json"]);
});

test.each([
  ["a.ndjson", `${jaegerLines(shopTraces(1))}\n{"spans":`, ":2: this is no JSON"],
  [
    "a.ndjson",
    jaegerLines(shopTraces(2)).replaceAll('"processID":"stock"', '"processID":"none"'),
    ":1: span s2 has no process",
  ],
  ["a.csv", `${NEZHA_HEADER}\nt,s,root,pod,name,1,2\n`, ":2: a span has 8 cells"],
  ["a.csv", `${NEZHA_HEADER}\nt,s,root,pod-1-2,name,soon,later,1\n`, ":2: the times are nanoseconds"],
  ["a.json", "[{", ":1: "],
])("a fault in %s is told with its place: %#", async (name, content, message) => {
  using folder = folderWith({ [name]: content });
  const failure = await readFolder(folder.path, () => {}).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(RecordingError);
  expect(String(failure)).toContain(`${name}${message}`);
});
