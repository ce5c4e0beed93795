/** Telemetry into the program as a service would send it, and what the program says became of it. */
import { request } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { connect } from "node:http2";
import type { Signal } from "@tracemend/otlp";
import type { LedgerRow } from "@tracemend/pipeline";
import { encodeRequest } from "./otlp-reference.ts";
import type { ProgramProcess } from "./program.ts";

/** What an OTLP/HTTP request was answered. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** POSTs one body to the OTLP/HTTP listener; rejects where there is no answer. */
export function post(
  program: ProgramProcess,
  signal: Signal,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const path = signal === "profiles" ? "/v1development/profiles" : `/v1/${signal}`;
  return new Promise((resolve, reject) => {
    const outgoing = request(`${program.url("otlp http")}${path}`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf", ...headers },
    });
    outgoing.on("error", reject).on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    outgoing.end(body);
  });
}

/** One unary Export call to the OTLP/gRPC listener, uncompressed. */
export async function call(program: ProgramProcess, path: string, message: Uint8Array): Promise<IncomingHttpHeaders> {
  const session = connect(program.url("otlp grpc"));
  session.on("error", () => {});
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
  });
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  stream.end(Buffer.concat([prefix, message]));
  const fields = await new Promise<IncomingHttpHeaders>((resolve, reject) => {
    let last: IncomingHttpHeaders = {};
    stream.on("response", (head) => (last = head));
    stream.on("trailers", (trailers) => (last = trailers));
    stream
      .on("error", reject)
      .on("close", () => resolve(last))
      .resume();
  });
  await new Promise<void>((resolve) => session.close(() => resolve()));
  return fields;
}

/** A span as the reference encoder takes it; everything but the ids may be given. */
export function spanOf(traceByte: number, spanByte: number, more: object = {}): object {
  const ids = { traceId: new Uint8Array(16).fill(traceByte), spanId: new Uint8Array(8).fill(spanByte) };
  return { ...ids, name: "work", kind: 2, ...more };
}

export function stringAttribute(key: string, stringValue: string): object {
  return { key, value: { stringValue } };
}

export function tracesOf(service: string, spans: readonly object[]): Uint8Array {
  const resource = { attributes: [stringAttribute("service.name", service)] };
  return encodeRequest("traces", { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
}

export function logsOf(bodies: readonly string[]): Uint8Array {
  const logRecords = bodies.map((stringValue) => ({ body: { stringValue } }));
  return encodeRequest("logs", { resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
}

export function metricsOf(points: number): Uint8Array {
  const dataPoints = Array.from({ length: points }, (_, index) => ({ asDouble: index }));
  return encodeRequest("metrics", {
    resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: "m", gauge: { dataPoints } }] }] }],
  });
}

/** The rows of the ledger as the admin port tells them, each of which adds up. */
export async function ledgerOf(program: ProgramProcess): Promise<readonly LedgerRow[]> {
  const { text } = await program.page("/diagnostics/pipeline");
  const { ledger } = JSON.parse(text) as { readonly ledger: readonly LedgerRow[] };
  for (const row of ledger) {
    const dropped = Object.values(row.dropped).reduce((sum, count) => sum + count, 0);
    const sum = row.exported + dropped + row.refusedByPeer + row.sampledOut + row.queued + row.inFlight;
    if (sum !== row.received) throw new Error(`the ledger does not add up: ${JSON.stringify(row)}`);
  }
  return ledger;
}

/** Asks for the ledger until the row of a destination and signal satisfies `enough`. */
export async function ledgerUntil(
  program: ProgramProcess,
  destination: string,
  signal: Signal,
  enough: (row: LedgerRow) => boolean,
): Promise<LedgerRow> {
  for (;;) {
    const rows = await ledgerOf(program);
    const row = rows.find((one) => one.destination === destination && one.signal === signal);
    if (row !== undefined && enough(row)) return row;
  }
}

/** Asks for the metrics until the text satisfies `enough`. */
export async function metricsUntil(program: ProgramProcess, enough: (text: string) => boolean): Promise<string> {
  for (;;) {
    const { text } = await program.page("/metrics");
    if (enough(text)) return text;
  }
}

/** Asks until the program says that the destination can be reached, or cannot. */
export function untilReachable(program: ProgramProcess, destination: string, wanted = true): Promise<string> {
  const line = `tracemend_destination_reachable{destination="${destination}"} ${wanted ? 1 : 0}`;
  return metricsUntil(program, (text) => text.includes(line));
}
