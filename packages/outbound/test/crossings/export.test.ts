import { AsyncLocalStorage } from "node:async_hooks";
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import type { FakeClock } from "../../../../test/support/clock.ts";
import { createFakeClock } from "../../../../test/support/clock.ts";
import type { CrossingExport, CrossingExportOptions } from "../../src/crossings.ts";
import { createCrossingExport } from "../../src/crossings.ts";
import { formatCrossing } from "../../src/crossings/otlp-json.ts";
import type { Service } from "../peers.ts";
import { bodyOf, startService } from "../peers.ts";
import { crossingOfGet } from "./told.ts";

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A real endpoint that remembers the paths of the crossings it was sent. */
interface Endpoint extends Service {
  readonly batches: (readonly string[])[];
  readonly heads: (readonly string[])[];
  /** For the requests to come, in order; then 200. */
  readonly answers: Answer[];
  /** Resolves once so many requests came. */
  readonly until: (requests: number) => Promise<void>;
}

const open: { close: () => Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

async function startEndpoint(): Promise<Endpoint> {
  const batches: (readonly string[])[] = [];
  const heads: (readonly string[])[] = [];
  const answers: Answer[] = [];
  const waiting = new Set<() => void>();
  const service = await startService((incoming, response) => {
    const take = (text: string): void => {
      heads.push([incoming.method ?? "", incoming.url ?? "", ...incoming.rawHeaders.map((each) => each.toLowerCase())]);
      batches.push(pathsIn(text));
      const { status = 200, headers = {}, body = "{}" } = answers.shift() ?? {};
      response.writeHead(status, headers).end(body);
      for (const look of waiting) look();
    };
    void bodyOf(incoming).then(take);
  });
  const until = (requests: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (batches.length < requests) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  const endpoint = { ...service, batches, heads, answers, until };
  open.push(endpoint);
  return endpoint;
}

interface Sent {
  readonly resourceLogs: readonly {
    readonly scopeLogs: readonly {
      readonly logRecords: readonly {
        readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[];
      }[];
    }[];
  }[];
}

function pathsIn(text: string): readonly string[] {
  const records = (JSON.parse(text) as Sent).resourceLogs[0]?.scopeLogs[0]?.logRecords ?? [];
  return records.map(({ attributes }) => {
    return attributes.find(({ key }) => key === "tracemend.crossing.path")?.value.stringValue ?? "";
  });
}

function createExport(
  endpoint: Pick<Endpoint, "url">,
  options: CrossingExportOptions = {},
): { crossings: CrossingExport; clock: FakeClock; failures: string[]; tell: (...paths: string[]) => void } {
  const clock = createFakeClock();
  const failures: string[] = [];
  const crossings = createCrossingExport({
    endpoint: `${endpoint.url}/v1/logs`,
    clock,
    env: {},
    failed: (message) => failures.push(message),
    ...options,
  });
  const tell = (...paths: string[]): void => {
    for (const path of paths) crossings.crossed(crossingOfGet({ path }));
  };
  return { crossings, clock, failures, tell };
}

const NO_DROPS = { full: 0, undelivered: 0, closed: 0 };
const NONE = { delivered: 0, rejected: 0, dropped: NO_DROPS, waiting: 0 };

describe("an export of crossings", () => {
  it("sends what has come when the first of it is old enough, as OTLP logs", async () => {
    const endpoint = await startEndpoint();
    const { crossings, clock, tell } = createExport(endpoint, {
      maxAgeMs: 200,
      headers: { authorization: "Bearer t" },
    });
    tell("/a", "/b");
    clock.advance(199);
    expect(endpoint.batches).toEqual([]);
    clock.advance(1);
    await endpoint.until(1);
    await crossings.close();
    expect(endpoint.batches).toEqual([["/a", "/b"]]);
    expect(endpoint.heads[0]?.slice(0, 2)).toEqual(["POST", "/v1/logs"]);
    expect(endpoint.heads[0]).toEqual(expect.arrayContaining(["application/json", "bearer t"]));
    expect(crossings.counts()).toEqual({ ...NONE, told: 2, delivered: 2 });
  });

  it("sends a full batch at once, and no more than that in one request", async () => {
    const endpoint = await startEndpoint();
    const { crossings, clock, tell } = createExport(endpoint, { maxBatch: 2 });
    tell("/a", "/b", "/c", "/d", "/e");
    await endpoint.until(2);
    expect(endpoint.batches).toEqual([
      ["/a", "/b"],
      ["/c", "/d"],
    ]);
    await clock.whenDueIn(1000);
    clock.advance(1000);
    await endpoint.until(3);
    await crossings.close();
    expect(endpoint.batches[2]).toEqual(["/e"]);
  });

  it("comes back to an endpoint that is busy, not before it says and ever later, with the same batch", async () => {
    const endpoint = await startEndpoint();
    endpoint.answers.push({ status: 503 }, { status: 429, headers: { "retry-after": "7" } });
    const { crossings, clock, tell } = createExport(endpoint, { maxBatch: 1 });
    tell("/a");
    await endpoint.until(1);
    await clock.whenDueIn(1000);
    clock.advance(1000);
    await endpoint.until(2);
    await clock.whenDueIn(7000);
    // What comes meanwhile neither hurries it nor is lost.
    tell("/b");
    clock.advance(7000);
    await endpoint.until(4);
    await crossings.close();
    expect(endpoint.batches).toEqual([["/a"], ["/a"], ["/a"], ["/b"]]);
    expect(crossings.counts()).toEqual({ ...NONE, told: 2, delivered: 2 });
  });

  it("gives a batch up that is refused, or that cannot be delivered for too long, and says why", async () => {
    const endpoint = await startEndpoint();
    endpoint.answers.push({ status: 400 }, ...Array.from({ length: 6 }, () => ({ status: 502 })));
    const { crossings, clock, failures, tell } = createExport(endpoint, { maxBatch: 1 });
    tell("/a", "/b");
    await endpoint.until(2);
    for (const ms of [1000, 2000, 4000, 8000, 16_000]) {
      await clock.whenDueIn(ms);
      clock.advance(ms);
    }
    await endpoint.until(7);
    await crossings.close();
    expect(crossings.counts()).toEqual({
      ...NONE,
      told: 2,
      rejected: 1,
      dropped: { ...NO_DROPS, undelivered: 1 },
    });
    expect(failures).toEqual([
      `1 of 1 crossings: ${endpoint.url}/v1/logs answered 400`,
      `1 of 1 crossings: ${endpoint.url}/v1/logs answered 502`,
    ]);
  });

  it("counts what the endpoint rejects of a batch", async () => {
    const endpoint = await startEndpoint();
    const body = JSON.stringify({ partialSuccess: { rejectedLogRecords: "1", errorMessage: "too old" } });
    endpoint.answers.push({ body });
    const { crossings, failures, tell } = createExport(endpoint, { maxBatch: 2 });
    tell("/a", "/b");
    await crossings.close();
    expect(crossings.counts()).toEqual({ ...NONE, told: 2, delivered: 1, rejected: 1 });
    expect(failures).toEqual(["1 of 2 crossings: too old"]);
  });

  it.each([
    "",
    "{",
    "[]",
    "null",
    '{"partialSuccess":null}',
    '{"partialSuccess":{"rejectedLogRecords":-1}}',
    "x".repeat(99_999),
  ])("takes an answer of 200 for delivered, whatever it holds", async (body) => {
    const endpoint = await startEndpoint();
    endpoint.answers.push({ body });
    const { crossings, tell } = createExport(endpoint);
    tell("/a");
    await crossings.close();
    expect(crossings.counts()).toEqual({ ...NONE, told: 1, delivered: 1 });
  });

  it("holds no more than it may, and drops what comes then", async () => {
    const endpoint = await startEndpoint();
    const one = formatCrossing(crossingOfGet({ path: "/a" })).length;
    const { crossings, tell } = createExport(endpoint, { maxBytes: 2 * one });
    tell("/a", "/b", "/c");
    await crossings.close();
    tell("/d");
    expect(endpoint.batches).toEqual([["/a", "/b"]]);
    expect(crossings.counts()).toEqual({
      ...NONE,
      told: 4,
      delivered: 2,
      dropped: { ...NO_DROPS, full: 1, closed: 1 },
    });
  });

  it("ends its tries when it is closed, and says what is lost where nobody listens", async () => {
    const endpoint = await startEndpoint();
    await endpoint.close();
    const { crossings, clock, failures, tell } = createExport(endpoint, { maxBatch: 1 });
    tell("/a");
    await clock.whenDueIn(1000);
    await crossings.close();
    expect(crossings.counts()).toEqual({ ...NONE, told: 1, dropped: { ...NO_DROPS, undelivered: 1 } });
    expect(failures).toEqual([expect.stringMatching(/^1 of 1 crossings: .*cannot be reached: .*ECONNREFUSED/)]);
    expect(clock.pending).toBe(0);
  });

  it("does not wait for an endpoint that does not answer", async () => {
    const silent = await startService(() => {});
    open.push(silent);
    const { crossings, failures, tell } = createExport(silent, { timeoutMs: 20 });
    tell("/a");
    await crossings.close();
    expect(crossings.counts().dropped.undelivered).toBe(1);
    expect(failures).toEqual([expect.stringContaining("timeout")]);
  });

  it("survives what its owner plugged in", async () => {
    const broken = (): never => {
      throw new Error("not today");
    };
    const { crossings, tell } = createExport({ url: "http://127.0.0.1" }, { around: broken, failed: broken });
    tell("/a");
    await crossings.close();
    expect(crossings.counts().dropped.undelivered).toBe(1);
  });

  it("sends outside of the request whose crossing began the batch", async () => {
    const endpoint = await startEndpoint();
    const storage = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const spying: typeof fetch = (...request) => {
      seen.push(storage.getStore());
      return fetch(...request);
    };
    const { crossings, tell } = createExport(endpoint, { fetch: spying, maxBatch: 2 });
    storage.run("a request", () => tell("/a"));
    storage.run("another", () => tell("/b"));
    await endpoint.until(1);
    storage.run("a third", () => tell("/c"));
    await crossings.close();
    expect(seen).toEqual([undefined, undefined]);
  });
});

describe("on a runtime that ends with its answer", () => {
  it("one crossing of a batch asks it to wait, until the batch is sent", async () => {
    const endpoint = await startEndpoint();
    const { crossings, clock } = createExport(endpoint);
    const works: Promise<unknown>[] = [];
    for (const path of ["/a", "/b"]) crossings.crossed(crossingOfGet({ path }), (work) => works.push(work));
    expect(works).toHaveLength(1);
    clock.advance(1000);
    await works[0];
    expect(endpoint.batches).toEqual([["/a", "/b"]]);
    expect(crossings.counts()).toEqual({ ...NONE, told: 2, delivered: 2 });
  });

  it("a batch that its worker took with it is sent by a later one", async () => {
    const endpoint = await startEndpoint();
    const clock = createFakeClock();
    let alive = false;
    const mortal = {
      now: () => clock.now(),
      after: (ms: number, run: () => void) => clock.after(ms, () => alive && run()),
    };
    const { crossings } = createExport(endpoint, { clock: mortal });
    const works: Promise<unknown>[] = [];
    const tell = (path: string): void => crossings.crossed(crossingOfGet({ path }), (work) => works.push(work));
    tell("/a");
    clock.advance(200_000);
    alive = true;
    tell("/b");
    clock.advance(1000);
    await works[1];
    expect(endpoint.batches).toEqual([["/a", "/b"]]);
  });

  it("nothing of Node's is imported", () => {
    const seen = new Set<string>();
    const queue = [new URL("../../src/crossings.ts", import.meta.url)];
    for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
      for (const [, type, path = ""] of readFileSync(file, "utf8").matchAll(
        /^(?:im|ex)port (type )?.*? from "([^"]+)"/gm,
      )) {
        if (type !== undefined || seen.has(path)) continue;
        seen.add(path);
        if (path.startsWith(".")) queue.push(new URL(path, file));
      }
    }
    expect([...seen].filter((path) => !path.startsWith("."))).toEqual(["@tracemend/context"]);
  });
});
