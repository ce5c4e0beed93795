/** OTLP/JSON into the HTTP receiver, and answers in JSON out of it. */
import { gzipSync } from "node:zlib";
import { request } from "undici";
import { describe, expect, test } from "vitest";
import { createHttpReceiver } from "@tracemend/pipeline";
import type { Outcome, ReceiverOptions } from "@tracemend/pipeline";
import { decodeRequest } from "../../../../test/support/otlp-reference.ts";
import { over } from "../batches.ts";
import { closers } from "../harness.ts";
import { createFixedSink } from "../stages/sinks.ts";

const span = {
  traceId: "5B8EFFF798038103D269B633813FC60C",
  spanId: "eee19b7ec3c1b174",
  name: "I'm a server span – ✓",
  startTimeUnixNano: "1544712660300000001",
  kind: 2,
  attributes: [{ key: "count", value: { intValue: "9007199254740993" } }],
};
const body = { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }], somethingNew: true };

async function exchange(
  bytes: string | Uint8Array,
  { headers = {}, outcome = { kind: "accepted" }, path = "/v1/traces", ...options }: Exchange = {},
) {
  const sink = createFixedSink(outcome);
  const receiver = await createHttpReceiver(options, sink);
  closers.push(() => receiver.close(over));
  const response = await request(`http://127.0.0.1:${receiver.address.port}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: bytes,
  });
  const text = await response.body.text();
  expect(response.headers["content-type"]).toBe("application/json");
  return { sink, status: response.statusCode, headers: response.headers, answer: JSON.parse(text) as unknown };
}

interface Exchange extends ReceiverOptions {
  readonly headers?: Record<string, string>;
  readonly outcome?: Outcome;
  readonly path?: string;
}

describe("a JSON request", () => {
  test.for([
    ["as it is", JSON.stringify(body), {}],
    ["with a charset", JSON.stringify(body), { "content-type": "application/json; charset=utf-8" }],
    ["compressed", gzipSync(JSON.stringify(body)), { "content-encoding": "gzip" }],
  ] as const)("%s becomes protobuf, with every digit and every id", async ([, bytes, headers]) => {
    const { sink, status, answer } = await exchange(bytes, { headers });
    expect([status, answer]).toEqual([200, {}]);
    const [batch] = sink.batches;
    expect(batch?.items).toBe(1);
    expect(decodeRequest("traces", Buffer.concat(batch?.parts ?? []))).toEqual({
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: [
                {
                  traceId: Buffer.from(span.traceId, "hex").toString("base64"),
                  spanId: Buffer.from(span.spanId, "hex").toString("base64"),
                  name: span.name,
                  kind: 2,
                  startTimeUnixNano: span.startTimeUnixNano,
                  attributes: [{ key: "count", value: { intValue: "9007199254740993" } }],
                },
              ],
            },
          ],
        },
      ],
    });
  });

  test("with nothing in it succeeds", async () => {
    const { sink, status, answer } = await exchange("{}", { outcome: { kind: "refused", message: "never asked" } });
    expect([status, answer, sink.batches]).toEqual([200, {}, []]);
  });

  test("is told of a partial success in the words of its signal", async () => {
    const outcome: Outcome = { kind: "partial", rejected: 2, message: "bad ids" };
    const logs = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: "a" } }] }] }] };
    const { status, answer } = await exchange(JSON.stringify(logs), { outcome, path: "/v1/logs" });
    expect([status, answer]).toEqual([200, { partialSuccess: { rejectedLogRecords: "2", errorMessage: "bad ids" } }]);
  });

  test("is told to come back", async () => {
    const { status, headers, answer } = await exchange(JSON.stringify(body), {
      outcome: { kind: "busy", retryAfterMs: 2_000 },
    });
    expect([status, headers["retry-after"]]).toEqual([503, "2"]);
    expect(answer).toMatchObject({ code: 14, message: "busy" });
  });

  test.for<[string, string | Uint8Array]>([
    ["is not JSON", "{"],
    ["is not UTF-8", Uint8Array.of(0x22, 0xff, 0x22)],
    ["is not an object", "[]"],
    ["is nested without end", "[".repeat(100_000)],
    [
      "has an id that is not hexadecimal",
      JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: "xyz" }] }] }] }),
    ],
    ["is empty", ""],
  ])("that %s is refused", async ([, bytes]) => {
    const { sink, status, answer } = await exchange(bytes);
    expect([status, sink.batches]).toEqual([400, []]);
    expect(answer).toMatchObject({ code: 3 });
  });

  test("of a wrong shape is told where and what, and one that is no JSON where", async () => {
    const spans = [{}, { traceId: "xyz" }];
    const { answer } = await exchange(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }));
    expect(answer).toMatchObject({
      message: 'resourceSpans[0].scopeSpans[0].spans[1].traceId must be pairs of hexadecimal digits, not "xyz"',
    });
    expect((await exchange("{")).answer).toMatchObject({ message: "a name is missing at 1" });
  });

  test("may have an eighth of the bytes of a protobuf request", async () => {
    const text = JSON.stringify(body);
    const fits = await exchange(text, { maxRequestBytes: 8 * Buffer.byteLength(text) });
    expect(fits.status).toBe(200);
    const { status, answer } = await exchange(text, { maxRequestBytes: 8 * Buffer.byteLength(text) - 1 });
    expect(status).toBe(413);
    expect(answer).toMatchObject({ code: 8, message: `a request has at most ${Buffer.byteLength(text) - 1} bytes` });
  });

  test("for profiles is refused", async () => {
    expect((await exchange("{}", { path: "/v1development/profiles" })).status).toBe(400);
  });
});
