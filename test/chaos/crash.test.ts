/** An agent with a queue on disk is killed again and again: what it acknowledged arrives, and in order. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { DestinationOptions, FsyncPolicy, LedgerRow } from "@tracemend/pipeline";
import { encodeRequest } from "../support/otlp-reference.ts";
import { createRecordingSink } from "../support/recording-sink.ts";
import type { Answer, Recorded, RecordingSink } from "../support/recording-sink.ts";
import { spawnAgent } from "./agent-process.ts";
import type { AgentProcess, SpareAgent } from "./agent-process.ts";

const kills = 50;
const seed = 20_261_122;
const policies: readonly FsyncPolicy[] = ["never", { intervalMs: 5 }, "always"];

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** Even in [0, 1), the same for the same seed (mulberry32). */
function createRandom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function bodyOf(number: number): Uint8Array {
  const ids = { traceId: new Uint8Array(16).fill(1), spanId: new Uint8Array(8).fill(1) };
  const filler = { key: "filler", value: { stringValue: "x".repeat((number * 7919) % 4_000) } };
  const spans = [{ ...ids, name: `n${number}`, attributes: [filler] }];
  return encodeRequest("traces", { resourceSpans: [{ scopeSpans: [{ spans }] }] });
}

function numbersIn(request: Recorded): number[] {
  return [...JSON.stringify(request.message).matchAll(/"name":"n(\d+)"/g)].map((match) => Number(match[1]));
}

/** The one row, balanced; undefined when the agent has seen nothing. */
function expectBalanced([row]: readonly LedgerRow[]): LedgerRow | undefined {
  if (row === undefined) return undefined;
  const dropped = Object.values(row.dropped).reduce((sum, count) => sum + count, 0);
  const sum = row.exported + dropped + row.refusedByPeer + row.sampledOut + row.queued + row.inFlight;
  expect({ ...row, sum }).toEqual({ ...row, sum: row.received });
  return row;
}

async function startSink(): Promise<RecordingSink> {
  const sink = await createRecordingSink();
  closers.push(() => sink.stop());
  return sink;
}

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "crash-"));
  closers.push(async () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function destinationOf(sink: RecordingSink, folder: string, fsync: FsyncPolicy): DestinationOptions {
  return {
    name: "a",
    endpoint: sink.httpEndpoint,
    protocol: "http/protobuf",
    maxConcurrent: 1,
    batch: { maxAgeMs: 0 },
    retry: { initialIntervalMs: 4, maxIntervalMs: 8 },
    // Small, so that files fill up, are removed, and are being opened when the process dies.
    queue: { storage: { folder, fsync, maxBytes: 400_000 } },
  };
}

function spawnSpare(shell?: readonly string[]): SpareAgent {
  const agent = spawnAgent(shell);
  closers.push(() => agent.kill());
  return agent;
}

interface Sender {
  /** The next number to send; all below are acknowledged. */
  next: number;
}

/** Sends one number after the other, each until it is acknowledged; until the process ends or `enough` says so. */
async function sendOn(agent: AgentProcess, sender: Sender, sent: () => void, enough: () => boolean): Promise<void> {
  while (!enough()) {
    const answer = agent.post(bodyOf(sender.next));
    sent();
    const status = await answer;
    if (status === undefined) return;
    if (status === 200) sender.next += 1;
  }
}

describe("an agent that is killed", () => {
  test(`${kills} times loses nothing it acknowledged, keeps the order, and its ledger adds up`, async () => {
    const random = createRandom(seed);
    const sink = await startSink();
    const folder = createFolder();
    const sender: Sender = { next: 0 };
    const arrivals: number[] = [];
    const atKill: number[] = [];
    let onArrival = (): void => {};
    let patience = 0;
    sink.answer((request): Answer => {
      onArrival();
      if (random() < 0.2) return { kind: "busy" };
      // For a while the collector takes nothing, so that there is something on disk when the process dies.
      if (patience-- > 0) return { kind: "busy" };
      arrivals.push(...numbersIn(request));
      return { kind: "accept" };
    });

    let spare = spawnSpare();
    for (let round = 0; round < kills; round++) {
      patience = random() < 0.5 ? 1_000_000 : 0;
      const agent = await spare.open(destinationOf(sink, folder, policies[round % 3] as FsyncPolicy));
      spare = spawnSpare();
      const before = expectBalanced(await agent.ledger());
      expect(before?.recovered ?? 0).toBeGreaterThanOrEqual(sender.next - new Set(arrivals).size);
      const watched = random() < 0.5 ? "sent" : "arrived";
      const countdown = { left: 1 + Math.floor(random() * 25), turns: Math.floor(random() * 6) };
      let killed: Promise<void> | undefined;
      const strike = (): void => {
        if (countdown.turns-- > 0) setImmediate(strike);
        else killed ??= agent.kill();
      };
      const step = (kind: typeof watched) => (): void => {
        if (kind === watched && --countdown.left === 0) strike();
      };
      onArrival = step("arrived");
      await sendOn(agent, sender, step("sent"), () => false);
      await killed;
      atKill.push(sender.next - new Set(arrivals).size);
    }

    onArrival = (): void => {};
    patience = 0;
    const agent = await spare.open(destinationOf(sink, folder, "never"));
    const from = sender.next;
    await sendOn(
      agent,
      sender,
      () => {},
      () => sender.next === from + 20,
    );
    const last = expectBalanced(await agent.close());
    expect(last).toMatchObject({ exported: (last?.recovered ?? 0) + 20, queued: 0, inFlight: 0 });

    // Numbers that arrived for the first time: all of them, each after the one before it.
    expect([...new Set(arrivals)]).toEqual(Array.from({ length: sender.next }, (_, index) => index));
    // The test is worth something: there were items to lose when the process died.
    expect(atKill.filter((waiting) => waiting > 0).length).toBeGreaterThan(kills / 4);
    const duplicates = arrivals.length - new Set(arrivals).size;
    expect(duplicates).toBeLessThanOrEqual(3 * kills);
  }, 600_000);

  test("on a file system that is full answers busy, and delivers what it acknowledged", async () => {
    const sink = await startSink();
    const folder = createFolder();
    let open = false;
    const arrivals = new Set<number>();
    sink.answer((request): Answer => {
      if (!open) return { kind: "busy" };
      for (const number of numbersIn(request)) arrivals.add(number);
      return { kind: "accept" };
    });
    // Writes past this size fail with EFBIG, which Node reports as any other failure to write.
    const limit = ["sh", "-c", 'ulimit -f 16 && exec "$@"', "sh"];
    const agent = await spawnSpare(limit).open(destinationOf(sink, folder, "never"));
    const statuses = new Set<number | undefined>();
    const taken = new Set<number>();
    for (let number = 0; number < 200 && !statuses.has(503); number++) {
      const status = await agent.post(bodyOf(number));
      statuses.add(status);
      if (status === 200) taken.add(number);
    }
    expect(statuses).toEqual(new Set([200, 503]));
    const full = expectBalanced(await agent.ledger());
    expect(full).toMatchObject({ received: taken.size, turnedAway: 1 });
    open = true;
    const last = expectBalanced(await agent.close());
    expect(last).toMatchObject({ exported: taken.size, queued: 0, inFlight: 0 });
    expect(arrivals).toEqual(taken);
  });
});
