/** Ten times more than a destination takes, for some seconds: what becomes of it, and how much memory that needs. */
import assert from "node:assert/strict";
import { readBatch } from "@tracemend/otlp";
import { start } from "./subjects.ts";
import { createClient, listen } from "./transport.ts";
import type { Transport } from "./transport.ts";

const takenPerSecond = 20;
const factor = 10;
const seconds = 5;
const queueBytes = 32 * 1024 * 1024;
/** Of requests being received, by default; a slow machine may use it up. */
const inFlightBytes = 256 * 1024 * 1024;

export async function measureOverload(transport: Transport, bodies: readonly Buffer[]): Promise<object> {
  let exported = 0;
  let nextMs = 0;
  const sink = await listen(transport, (body) => {
    const nowMs = performance.now();
    if (nowMs < nextMs) return false;
    nextMs = Math.max(nextMs, nowMs - 1_000) + 1_000 / takenPerSecond;
    const reading = readBatch("traces", body);
    exported += reading.kind === "batch" ? reading.batch.items : 0;
    return true;
  });
  const subject = await start({ kind: "forward", transport, compression: "none", sinks: [sink.port], queueBytes });
  const idleMb = subject.maxResidentMb();
  const client = createClient(transport, subject.port, 16);
  const counts = { offered: 0, accepted: 0, busy: 0 };
  const offer = async (): Promise<void> => {
    const taken = await client.send(bodies[counts.offered++ % bodies.length] as Buffer, "none");
    counts[taken ? "accepted" : "busy"] += 1;
  };
  const startMs = performance.now();
  const offers: Promise<void>[] = [];
  while (performance.now() - startMs < seconds * 1_000) {
    const due = ((performance.now() - startMs) / 1_000) * takenPerSecond * factor;
    while (counts.offered < due) offers.push(offer());
    await new Promise(setImmediate);
  }
  await Promise.all(offers);
  const [row] = await subject.ledger();
  assert(row !== undefined);
  const dropped = Object.values(row.dropped).reduce((sum, items) => sum + items, 0);
  const items = 1_000 * counts.accepted;
  assert.equal(row.received, items, "what was accepted is in the ledger");
  assert.equal(row.turnedAway, 1_000 * counts.busy, "and so is what was not");
  assert.equal(row.exported + dropped + row.refusedByPeer + row.queued + row.inFlight, items, "the ledger adds up");
  assert.equal(dropped, 0, "nothing accepted is lost");
  assert(exported >= row.exported && exported <= row.exported + row.inFlight, "what was exported arrived");
  const maxMb = subject.maxResidentMb();
  assert(maxMb - idleMb < (queueBytes + inFlightBytes) / 1e6, `${maxMb} MB resident`);
  await client.close();
  await subject.stop();
  sink.close();
  const waiting = (row.queued + row.inFlight) / 1_000;
  return {
    ...counts,
    exported: row.exported / 1_000,
    waiting,
    "queue, MB": queueBytes / 1e6,
    "idle, MB": idleMb,
    "max RSS, MB": maxMb,
  };
}
