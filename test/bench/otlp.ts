/**
 * Spans per second of CPU time from receiver to destinations, requests of 1000 spans of about 550 bytes, over HTTP and
 * gRPC: the pipeline (receive, stamp, batch, balance, forward) beside a relay on the same stack that forwards bytes
 * without looking, and an OpenTelemetry Collector where one is installed. CPU time is the process's, all threads. Proves
 * first that every span arrives stamped, once, and with the others of its trace. At the end, an overload.
 *
 *     node test/bench/otlp.ts [requests [none|gzip [http|grpc [kind …]]]]
 */
import assert from "node:assert/strict";
import process from "node:process";
import { gunzipSync, gzipSync } from "node:zlib";
import { forEachSpan, readBatch } from "@tracemend/otlp";
import type { Batch } from "@tracemend/otlp";
import { peerOrReason } from "../support/peer.ts";
import { createBodies, spansPerBody } from "./otlp/bodies.ts";
import { measureOverload } from "./otlp/overload.ts";
import { stamped, start } from "./otlp/subjects.ts";
import type { Kind, Task } from "./otlp/subjects.ts";
import { createClient, listen } from "./otlp/transport.ts";
import type { Client, Compression, Transport } from "./otlp/transport.ts";

const concurrent = 8;
const warmRequests = 150;
const sinkCount = 4;
const rounds = 2;
const queueBytes = 64 * 1024 * 1024;

const [requests = "1000", onlyCompression, onlyTransport, ...onlyKinds] = process.argv.slice(2);
const count = Number(requests);
const bodies = createBodies(20, { "service.name": "shop" });
const bodyBytes = bodies.reduce((sum, body) => sum + body.length, 0) / bodies.length;
const kinds: readonly Kind[] = (["relay", "forward", "balance", "disk", "collector"] as const).filter(
  (kind) =>
    (onlyKinds.length === 0 || onlyKinds.includes(kind)) &&
    (kind !== "collector" || peerOrReason("otelcol") !== undefined),
);

console.log(
  `${count} requests of ${spansPerBody} spans, ${Math.round(bodyBytes / spansPerBody)} bytes each; ${process.version}`,
);
for (const compression of ["none", "gzip"] as const) {
  for (const transport of ["http", "grpc"] as const) {
    if ((onlyCompression ?? compression) === compression && (onlyTransport ?? transport) === transport)
      await compare(transport, compression);
  }
}

if (onlyKinds.length === 0 && (onlyCompression ?? "none") === "none") {
  console.log("ten times more than the destination takes, in requests");
  console.table({
    http: await measureOverload("http", bodies),
    grpc: await measureOverload("grpc", bodies),
  });
}

interface Cost {
  readonly cpuSeconds: number;
  readonly maxResidentMb: number;
}

/** In turns, and the better one of each: whatever else the machine does hits one round of all. */
async function compare(transport: Transport, compression: Compression): Promise<void> {
  const sent = compression === "none" ? bodies : bodies.map((body) => gzipSync(body));
  const costs = new Map<Kind, Cost>();
  for (let round = 0; round < rounds; round++) {
    for (const kind of kinds) {
      const cost = await measure(kind, transport, compression, sent);
      const before = costs.get(kind);
      costs.set(kind, {
        cpuSeconds: Math.min(cost.cpuSeconds, before?.cpuSeconds ?? Infinity),
        maxResidentMb: Math.max(cost.maxResidentMb, before?.maxResidentMb ?? 0),
      });
    }
  }
  const ratio = (kind: Kind, { cpuSeconds }: Cost): number =>
    Number(((costs.get(kind)?.cpuSeconds ?? NaN) / cpuSeconds).toFixed(2));
  console.log(`${transport}, compression ${compression}`);
  console.table(
    Object.fromEntries(
      Array.from(costs, ([kind, cost]) => [
        kind,
        {
          "spans per CPU second": Math.round((count * spansPerBody) / cost.cpuSeconds),
          "MB per CPU second": Math.round((count * bodyBytes) / cost.cpuSeconds / 1e6),
          "of the relay": ratio("relay", cost),
          "of the Collector": ratio("collector", cost),
          "max RSS, MB": cost.maxResidentMb,
        },
      ]),
    ),
  );
}

async function measure(
  kind: Kind,
  transport: Transport,
  compression: Compression,
  sent: readonly Buffer[],
): Promise<Cost> {
  const sinks = await startSinks(kind, transport);
  const subject = await start({ kind, transport, compression, sinks: sinks.ports, queueBytes } satisfies Task);
  const client = createClient(transport, subject.port, concurrent);
  try {
    await send(client, sent, warmRequests, compression);
    await sinks.until(warmRequests * spansPerBody);
    sinks.check();
    const before = subject.cpuSeconds();
    await send(client, sent, count, compression);
    await sinks.until((warmRequests + count) * spansPerBody);
    return { cpuSeconds: subject.cpuSeconds() - before, maxResidentMb: subject.maxResidentMb() };
  } finally {
    await client.close();
    await subject.stop();
    sinks.close();
  }
}

/** Sends so many requests; what was answered "busy" goes again, as a sender would do it. */
async function send(client: Client, sent: readonly Buffer[], count: number, compression: Compression): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) {
      if (!(await client.send(sent[next++ % sent.length] as Buffer, compression))) next -= 1;
    }
  };
  await Promise.all(Array.from({ length: concurrent }, one));
}

/** Count the spans they are sent, and look closely at those of the first requests. */
async function startSinks(kind: Kind, transport: Transport) {
  const isPipeline = kind !== "relay" && kind !== "collector";
  const owners = new Map<string, number>();
  let looked = 0;
  let items = 0;
  let wanted = 0;
  let reached = (): void => {};
  const look = (batch: Batch, sink: number): void => {
    looked += batch.items;
    forEachSpan(batch, (span) => {
      const traceId = span.traceId();
      assert.equal(owners.get(traceId) ?? sink, sink, "the spans of a trace arrive at one sink");
      owners.set(traceId, sink);
      assert.equal(span.resourceAttribute("service.name"), "shop");
      for (const [key, value] of Object.entries(stamped))
        assert.equal(span.resourceAttribute(key), isPipeline ? value : undefined);
    });
  };
  const listeners = await Promise.all(
    Array.from({ length: sinkCount }, (_, sink) =>
      listen(transport, (body, compression) => {
        const reading = readBatch("traces", compression === "gzip" ? gunzipSync(body) : body);
        assert(reading.kind === "batch");
        if (looked < bodies.length * spansPerBody) look(reading.batch, sink);
        items += reading.batch.items;
        if (items >= wanted) reached();
        return true;
      }),
    ),
  );
  return {
    ports: listeners.map(({ port }) => port),
    async until(count: number): Promise<void> {
      wanted = count;
      if (items < count)
        await new Promise<void>((resolve) => {
          reached = resolve;
        });
      assert.equal(items, count);
    },
    check(): void {
      const reached = new Set(owners.values()).size;
      const spreads = kind === "balance" || kind === "disk" || (kind === "collector" && transport === "grpc");
      assert.equal(reached, spreads ? sinkCount : 1, `${kind} reached ${reached} sinks`);
    },
    close(): void {
      for (const listener of listeners) listener.close();
    },
  };
}
