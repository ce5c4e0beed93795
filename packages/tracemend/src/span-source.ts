/** Our own spans through our own pipeline: room is held before their ids are put on the wire. */
import type { Ids, OwnSpans } from "@tracemend/context";
import type { SpanRecord } from "@tracemend/otlp";
import { encodeSpans } from "@tracemend/otlp";
import type { Pipeline, Reservation } from "@tracemend/pipeline";
import type { Passed, SpanGrant, SpanSource } from "@tracemend/proxy";
import { CLIENT_BYTES, PAIR_BYTES, spansOf } from "./spans.ts";

export interface SpanSourceOptions {
  readonly pipeline: Pick<Pipeline, "reserve">;
  readonly ids: Ids;
  /** Resource attributes of our own spans; `service.name` among them. */
  readonly resource: Readonly<Record<string, string>>;
  readonly version: string;
  /** When what has finished leaves; in the next turn of the event loop where absent. */
  readonly later?: (leave: () => void) => void;
}

/** What finishes in one turn leaves as one batch, at the latest when so many reservations wait with it. */
const MOST_TOGETHER = 64;

/** What a pair of spans with this resource needs at most; a CLIENT span alone needs less. */
export function pairBytes(resource: SpanSourceOptions["resource"], version: string): number {
  return PAIR_BYTES + emptyBytes(resource, version);
}

function emptyBytes(resource: SpanSourceOptions["resource"], version: string): number {
  return encodeSpans(resource, scopeOf(version), []).bytes;
}

function scopeOf(version: string): { name: string; version: string } {
  return { name: "tracemend", version };
}

export interface OwnSpanSource extends SpanSource {
  /** What has finished and not left yet goes now. */
  flush(): void;
}

/** Grants spans only where the queue holds room for them: else a parent id would leave that nobody exports. */
export function createSpanSource({
  pipeline,
  ids,
  resource,
  version,
  later = setImmediate,
}: SpanSourceOptions): OwnSpanSource {
  const scope = scopeOf(version);
  const clientBytes = CLIENT_BYTES + emptyBytes(resource, version);
  const bothBytes = pairBytes(resource, version);
  let records: SpanRecord[] = [];
  let rooms: Reservation[] = [];
  const flush = (): void => {
    const [first, ...others] = rooms;
    if (first === undefined) return;
    const batch = encodeSpans(resource, scope, records);
    records = [];
    rooms = [];
    // All of it in one turn: nobody else can take the room in between.
    for (const room of others) room.release();
    first.fill(batch);
  };
  const source: Source = {
    ids,
    hold: () => pipeline.reserve(clientBytes),
    leave(spans, held) {
      const waits = rooms.length > 0;
      rooms.push(...held);
      records.push(...spans);
      if (rooms.length >= MOST_TOGETHER) flush();
      else if (!waits) later(flush);
    },
  };
  return {
    grant() {
      const room = pipeline.reserve(bothBytes);
      return room === undefined ? undefined : new Grant(source, room);
    },
    flush,
  };
}

interface Source {
  readonly ids: Ids;
  /** Room for one more CLIENT span. */
  hold(): Reservation | undefined;
  /** The spans are ready, and fit what is held for them. */
  leave(spans: readonly SpanRecord[], held: readonly Reservation[]): void;
}

class Grant implements SpanGrant {
  readonly spans: OwnSpans;
  readonly #source: Source;
  readonly #held: Reservation[];

  constructor(source: Source, room: Reservation) {
    const { ids } = source;
    this.spans = { traceId: ids.traceId(), serverSpanId: ids.spanId(), clientSpanId: ids.spanId() };
    this.#source = source;
    this.#held = [room];
  }

  again(): string | undefined {
    const room = this.#source.hold();
    if (room === undefined) return undefined;
    this.#held.push(room);
    return this.#source.ids.spanId();
  }

  copy(): SpanGrant | undefined {
    const source = this.#source;
    const room = source.hold();
    if (room === undefined) return undefined;
    const spans = { ...this.spans, clientSpanId: source.ids.spanId() };
    return {
      spans,
      finish(passed) {
        const call = spansOf(passed, spans).filter(({ kind }) => kind === "client");
        if (call.length === 0) room.release();
        else source.leave(call, [room]);
      },
      release: () => room.release(),
    };
  }

  finish(passed: Passed): void {
    this.#source.leave(spansOf(passed, this.spans), this.#held);
  }

  release(): void {
    for (const room of this.#held) room.release();
  }
}
