/** The pipeline's events as lines of the log: what happens once is told at once, what goes on and on is summed up. */
import type { PipelineEvent } from "@tracemend/pipeline";
import type { Logger } from "./log.ts";

export interface PipelineLog {
  tell(event: PipelineEvent): void;
  /** Tells what has been summed up for long enough: to be called once a second. */
  tick(): void;
  /** Tells all that has been summed up. */
  flush(): void;
}

/** While batch after batch is lost, one line in so long says how much. */
const QUIET_MS = 10_000;

type Repeated = Extract<PipelineEvent, { readonly kind: "dropped" | "refused-by-peer" | "observer-failed" }>;

interface Sum {
  last: Repeated;
  events: number;
  items: number;
  toldMs: number;
}

const LINES: Readonly<Record<PipelineEvent["kind"], readonly ["info" | "warn", string]>> = {
  reachable: ["info", "destination can be reached"],
  unreachable: ["warn", "destination cannot be reached"],
  dropped: ["warn", "telemetry lost"],
  "refused-by-peer": ["warn", "telemetry refused by its destination"],
  "disk-recovered": ["info", "queue on disk taken over"],
  "disk-failing": ["warn", "queue on disk cannot be written"],
  failover: ["warn", "telemetry goes to another target"],
  "peers-changed": ["info", "peers changed"],
  "resolver-failed": ["warn", "peers cannot be found"],
  "peer-ejected": ["warn", "peer gets nothing for a while"],
  "peer-returned": ["info", "peer is back"],
  "observer-failed": ["warn", "diagnosis failed on a batch"],
};

export function createPipelineLog(log: Pick<Logger, "info" | "warn">, now: () => number): PipelineLog {
  // As many as there are destinations, signals and reasons.
  const sums = new Map<string, Sum>();
  const write = (event: PipelineEvent, more: object = {}): void => {
    const [level, line] = LINES[event.kind];
    // `message` is the line itself.
    const { message: cause, ...fields } = { message: undefined, ...event };
    log[level]({ ...fields, ...(cause === undefined ? {} : { cause }), ...more }, line);
  };
  const writeSum = (sum: Sum): void => {
    const { last, events, items } = sum;
    write(last, { ...("items" in last ? { items } : {}), ...(events === 1 ? {} : { events }) });
    Object.assign(sum, { events: 0, items: 0, toldMs: now() });
  };
  const writeSums = (isDue: (sum: Sum) => boolean): void => {
    for (const sum of sums.values()) if (sum.events > 0 && isDue(sum)) writeSum(sum);
  };
  return {
    tell(event) {
      if (!isRepeated(event)) return write(event);
      const key = keyOf(event);
      const sum = sums.get(key) ?? { last: event, events: 0, items: 0, toldMs: -Infinity };
      sums.set(key, sum);
      sum.last = event;
      sum.events += 1;
      sum.items += "items" in event ? event.items : 0;
      if (now() - sum.toldMs >= QUIET_MS) writeSum(sum);
    },
    tick: () => writeSums(({ toldMs }) => now() - toldMs >= QUIET_MS),
    flush: () => writeSums(() => true),
  };
}

function isRepeated(event: PipelineEvent): event is Repeated {
  return event.kind === "dropped" || event.kind === "refused-by-peer" || event.kind === "observer-failed";
}

function keyOf(event: Repeated): string {
  if (event.kind === "observer-failed") return event.kind;
  const { kind, destination, signal } = event;
  return JSON.stringify([kind, destination, signal, kind === "dropped" ? event.reason : ""]);
}
