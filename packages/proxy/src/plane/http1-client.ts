/** The connections to an HTTP/1.1 upstream: each carries one request after another, the one used last is used first. */
import { createDeadlines } from "../deadlines.ts";
import type { Failure } from "../failure.ts";
import { failureOf } from "../failure.ts";
import type { Dial } from "./dial.ts";
import type { Http1Calls } from "./http1-call.ts";
import { Http1Call } from "./http1-call.ts";
import { Http1Wire } from "./http1-wire.ts";
import type { Connections, EngineSettings, UpstreamTarget } from "./plane.ts";

/** Node closes idle connections of its servers after 5 s; a request must not meet one that is being closed. */
const IDLE_MS = 4_000;

/** What an upstream says of its own patience counts from when it sent the answer. */
const IDLE_MARGIN_MS = 1_000;

/** Idle connections are closed up to this late. */
const IDLE_STEP_MS = 500;

export function createHttp1Client(target: UpstreamTarget, settings: EngineSettings, dial: Dial): Connections {
  const { clock, limits } = settings;
  const wires = new Set<Http1Wire>();
  const idle: Http1Wire[] = [];
  const waiting = new Set<Http1Call>();
  const deadlines = createDeadlines<Http1Wire>(clock, IDLE_STEP_MS);
  /** Connections that stand or are being made. */
  let held = 0;
  let calls = 0;
  let closing = false;
  let emptied: (() => void) | undefined;

  const nextCall = (): Http1Call | undefined => {
    for (const call of waiting) {
      waiting.delete(call);
      return call;
    }
    return undefined;
  };
  const use = (wire: Http1Wire): void => {
    const call = nextCall();
    if (call !== undefined) return call.start(wire);
    const idleMs = wire.idleMs === undefined ? IDLE_MS : wire.idleMs - IDLE_MARGIN_MS;
    if (closing || idleMs <= 0) return wire.close();
    wire.deadlineMs = clock.now() + idleMs;
    deadlines.add(wire);
    idle.push(wire);
  };
  const isOld = ({ openedMs }: Http1Wire): boolean =>
    target.maxAgeMs !== Number.POSITIVE_INFINITY && clock.now() - openedMs >= target.maxAgeMs;

  const owner: Http1Calls = {
    over(call, wire) {
      calls -= 1;
      waiting.delete(call);
      if (wire?.reusable === true && !isOld(wire)) use(wire);
      else wire?.close();
      if (calls === 0) emptied?.();
    },
  };
  const freed = (): void => {
    held -= 1;
    const call = nextCall();
    if (call !== undefined) open(call);
  };
  const gone = (wire: Http1Wire): void => {
    wires.delete(wire);
    const place = idle.indexOf(wire);
    if (place >= 0) idle.splice(place, 1);
    deadlines.remove(wire);
    freed();
  };
  const open = (call: Http1Call): void => {
    held += 1;
    const failed = (failure: Failure): void => {
      call.fail(failure);
      freed();
    };
    Http1Wire.open(dial, settings, gone, failed, (wire) => {
      wires.add(wire);
      if (call.over) use(wire);
      else call.start(wire);
    });
  };
  const takeIdle = (): Http1Wire | undefined => {
    for (let wire = idle.pop(); wire !== undefined; wire = idle.pop()) {
      deadlines.remove(wire);
      // One that is being closed leaves the list only once it is.
      if (wire.reusable) return wire;
    }
    return undefined;
  };
  return {
    refuses: false,
    send(head, events) {
      const call = new Http1Call(head, events, owner);
      calls += 1;
      const wire = call.isWritable ? takeIdle() : undefined;
      if (!call.isWritable) queueMicrotask(() => call.fail(failureOf("bad-request")));
      else if (wire !== undefined) call.start(wire);
      else if (held < target.connections) open(call);
      else if (waiting.size < limits.waiting) waiting.add(call);
      else queueMicrotask(() => call.fail(failureOf("busy")));
      return call;
    },
    close(signal) {
      closing = true;
      const { promise, resolve } = Promise.withResolvers<void>();
      const end = (): void => {
        signal.removeEventListener("abort", end);
        for (const wire of wires) wire.close();
        resolve();
      };
      emptied = end;
      if (calls === 0 || signal.aborted) end();
      else signal.addEventListener("abort", end, { once: true });
      return promise;
    },
  };
}
