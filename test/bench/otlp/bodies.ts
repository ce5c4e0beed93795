/** Request bodies for the OTLP benchmarks: random ids and values, because what repeats compresses better than life does. */
import { encodeSpans } from "@tracemend/otlp";
import type { Attributes, SpanRecord } from "@tracemend/otlp";

export const spansPerBody = 1000;

const attributeKeys: readonly string[] = [
  "http.request.method",
  "url.path",
  "server.address",
  "http.route",
  "db.query.text",
  "user_agent.original",
];

/** `count` trace requests of 1000 spans of about 550 bytes, each a trace of its own; the same in every run. */
export function createBodies(count: number, resource: Attributes): readonly Buffer[] {
  const random = createRandom(42);
  const digits = (length: number): string =>
    Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join("");
  const span = (): SpanRecord => {
    const attributes = Array.from({ length: 6 + Math.floor(random() * 15) }, (_, index): [string, string | number] => [
      `${attributeKeys[index % attributeKeys.length]}.${index}`,
      random() < 0.3 ? Math.floor(random() * 1e6) : digits(Math.floor(random() * 32)),
    ]);
    return {
      traceId: digits(32),
      spanId: digits(16),
      parentSpanId: digits(16),
      flags: 0x101,
      name: `GET /orders/${digits(4)}`,
      kind: "server",
      startMs: 1_795_000_000_000 + random() * 1000,
      endMs: 1_795_000_001_000,
      attributes: Object.fromEntries(attributes),
      status: { code: "ok" },
    };
  };
  return Array.from({ length: count }, () => {
    const spans = Array.from({ length: spansPerBody }, span);
    return Buffer.concat(encodeSpans(resource, { name: "bench", version: "1" }, spans).parts);
  });
}

/** xorshift32, even in [0, 1). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
