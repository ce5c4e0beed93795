import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cross, defineBoundary } from "@tracemend/context";
import type { Crossing } from "@tracemend/context";
import { decodeCrossings, encodeCrossings } from "@tracemend/diagnosis";
import { readJsonBatch } from "@tracemend/otlp";
import { createCrossingExport } from "@tracemend/outbound/crossings";
import { createFakeClock } from "../support/clock.ts";
import { context, head, policy, spans } from "./context-arbitraries.ts";

const text = fc.string({ unit: "binary", maxLength: 20 });
const ms = fc.nat(4_000_000).map((each) => 1_700_000_000_000 + each / 8);
const peer = fc.record({ address: text, port: fc.nat(65_535) });
const maybe = <T>(some: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(some, { nil: undefined });

const crossing: fc.Arbitrary<Crossing> = fc
  .record({ head, policy, spans, boundary: text, startMs: ms, lastedMs: fc.nat(9000), method: text, path: text })
  .chain(({ head: lines, policy: options, spans: granted, boundary: name, startMs, lastedMs, ...told }) => {
    const boundary = defineBoundary({ name, side: "ingress", cluster: "eu-1", policy: options });
    return fc.record<Crossing>({
      boundary: fc.constant(name),
      side: fc.constantFrom("ingress", "egress"),
      cluster: fc.constant("eu-1"),
      reading: fc.constant(cross(boundary, lines, () => granted).reading),
      verdict: fc.constant(cross(boundary, lines, () => granted).verdict),
      spans: fc.constant(granted),
      startMs: fc.constant(startMs),
      endMs: fc.constant(startMs + lastedMs),
      protocol: fc.constantFrom("http/1.0", "http/1.1", "h2"),
      scheme: fc.constantFrom("http", "https"),
      method: fc.constant(told.method),
      path: fc.constant(told.path),
      authority: text,
      userAgent: maybe(text),
      requestId: maybe(text),
      downstream: maybe(peer),
      upstream: maybe(fc.record({ name: text, localPort: maybe(fc.nat(65_535)), address: text, port: fc.nat(9) })),
      status: maybe(fc.integer({ min: 100, max: 599 })),
      grpcStatus: maybe(fc.nat(16)),
      failure: maybe(fc.record({ kind: text, side: fc.constantFrom("upstream", "downstream", "internal") })),
      answer: maybe(context.map(({ traceId, parentId: spanId, flags }) => ({ traceId, spanId, flags }))),
    });
  });

/** What a service's export sends. */
async function sentOf(crossings: readonly Crossing[]): Promise<string> {
  const bodies: string[] = [];
  const taking: typeof fetch = (_url, init) => {
    bodies.push(init?.body as string);
    return Promise.resolve(new Response("{}"));
  };
  const exporting = createCrossingExport({ endpoint: "http://a", fetch: taking, env: {}, maxBytes: 2 ** 30 });
  for (const each of crossings) exporting.crossed(each);
  await exporting.close();
  expect(bodies).toHaveLength(1);
  return bodies[0] as string;
}

describe("a crossing that a service reports in JSON", () => {
  it("is read by the diagnosis as the one a border reports in protobuf", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(crossing, { minLength: 1, maxLength: 3 }), async (crossings) => {
        const reading = readJsonBatch("logs", await sentOf(crossings));
        if (reading.kind !== "batch") throw new Error(reading.defect.message);
        const read = decodeCrossings(reading.batch);
        expect(read).toEqual(decodeCrossings(encodeCrossings({}, crossings)));
        expect(read.malformed).toBe(0);
        expect(read.crossings.map(({ boundary }) => boundary)).toEqual(crossings.map(({ boundary }) => boundary));
      }),
      { numRuns: 200 },
    );
  });

  it("is delivered, rejected, dropped or waiting, whatever the endpoint does", async () => {
    const status = fc.constantFrom(200, 200, 400, 429, 503, 0);
    const statuses = fc.array(status, { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        statuses,
        fc.array(crossing, { maxLength: 9 }),
        fc.integer({ min: 1, max: 4 }),
        async (...all) => {
          const [answers, crossings, maxBatch] = [[...all[0]], all[1], all[2]];
          const clock = createFakeClock();
          const answering: typeof fetch = () => {
            const next = answers.shift() ?? 200;
            return next === 0
              ? Promise.reject(new TypeError("no"))
              : Promise.resolve(new Response("{}", { status: next }));
          };
          const options = { endpoint: "http://a", env: {}, clock, fetch: answering, maxBatch, maxBytes: 8000 };
          const exporting = createCrossingExport(options);
          for (const each of crossings) {
            exporting.crossed(each);
            clock.advance(1500);
            await Promise.resolve();
            const { told, delivered, rejected, dropped, waiting } = exporting.counts();
            expect(delivered + rejected + dropped.full + dropped.undelivered + dropped.closed + waiting).toBe(told);
          }
          await exporting.close();
          expect(exporting.counts()).toMatchObject({ told: crossings.length, waiting: 0 });
        },
      ),
      { numRuns: 100 },
    );
  });
});
