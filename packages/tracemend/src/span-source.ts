/** Our own spans through our own pipeline: room is held before their ids are put on the wire. */
import type { Ids, OwnSpans } from "@tracemend/context";
import { SpanWriter } from "@tracemend/otlp";
import type { Pipeline, Reservation } from "@tracemend/pipeline";
import type { Passed, SpanGrant, SpanSource } from "@tracemend/proxy";
import { CLIENT_BYTES, PAIR_BYTES, isCalled, writeCalls, writeSpans } from "./spans.ts";

export interface SpanSourceOptions {
  /** `allocate`: where the memory of a batch is used again. */
  readonly pipeline: Pick<Pipeline, "reserve"> & Partial<Pick<Pipeline, "allocate">>;
  readonly ids: Ids;
  /** Resource attributes of our own spans; `service.name` among them. */
  readonly resource: Readonly<Record<string, string>>;
  readonly version: string;
  /** When what has finished leaves; after a moment where absent. */
  readonly later?: (leave: () => void) => void;
}

/**
 * What finishes within a moment leaves as one batch, at the latest when so many reservations wait with it: each batch
 * costs as much on its way as several spans, and spans are written faster one after the other than between requests.
 */
const TOGETHER_MS = 20;
const MOST_TOGETHER = 32;

/** Kept to write in; what is usual of so many. */
const MEMORY_BYTES = 64 * 1_024;

/** What a pair of spans with this resource needs at most; a CLIENT span alone needs less. */
export function pairBytes(resource: SpanSourceOptions["resource"], version: string): number {
  return PAIR_BYTES + emptyBytes(resource, version);
}

function emptyBytes(resource: SpanSourceOptions["resource"], version: string): number {
  return new SpanWriter(resource, scopeOf(version)).finish().bytes;
}

function scopeOf(version: string): { name: string; version: string } {
  return { name: "tracemend", version };
}

export interface OwnSpanSource extends SpanSource {
  /** What has finished and not left yet goes now. */
  flush(): void;
}

/** Grants spans only where the queue holds room for them: else a parent id would leave that nobody exports. */
export function createSpanSource(options: SpanSourceOptions): OwnSpanSource {
  const { pipeline, ids, resource, version, later = afterAMoment } = options;
  const clientBytes = CLIENT_BYTES + emptyBytes(resource, version);
  const bothBytes = pairBytes(resource, version);
  const writer = new SpanWriter(resource, scopeOf(version), { bytes: MEMORY_BYTES, writeText: createTextWriter() });
  let finished: Finished[] = [];
  let rooms: Reservation[] = [];
  let due = false;

  const flush = (): void => {
    const held = rooms;
    const [first] = held;
    if (first === undefined) return;
    const ended = finished;
    finished = [];
    rooms = [];
    for (const one of ended) tryWrite(writer, one);
    // All of it in one turn: nobody else can take the room in between.
    for (let at = 1; at < held.length; at++) held[at]?.cede();
    try {
      first.fill(writer.finish(pipeline.allocate));
    } catch {
      // Telemetry fails open: no exchange is left to tell.
      first.release();
    }
  };
  /** What waits to leave has more room than it needs. */
  const hold = (bytes: number): Reservation | undefined => {
    const room = pipeline.reserve(bytes);
    if (room !== undefined || rooms.length === 0) return room;
    flush();
    return pipeline.reserve(bytes);
  };
  const source: Source = {
    ids,
    hold: () => hold(clientBytes),
    leave(one, room, more) {
      finished.push(one);
      rooms.push(room, ...more);
      if (rooms.length >= MOST_TOGETHER) return flush();
      if (due) return;
      due = true;
      later(() => {
        due = false;
        flush();
      });
    },
  };
  return {
    grant() {
      const room = hold(bothBytes);
      return room === undefined ? undefined : new Grant(source, room);
    },
    flush,
  };
}

function afterAMoment(leave: () => void): void {
  setTimeout(leave, TOGETHER_MS);
}

/** The memory that is written in changes seldom. */
function createTextWriter(): (bytes: Uint8Array, pos: number, text: string) => number {
  let memory: Uint8Array | undefined;
  let view: Buffer = Buffer.alloc(0);
  return (bytes, pos, text) => {
    if (bytes !== memory) {
      memory = bytes;
      view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return pos + view.write(text, pos);
  };
}

/** A crossing that has ended, and how it is told. */
interface Finished {
  readonly write: typeof writeSpans;
  readonly passed: Passed;
  readonly spans: OwnSpans;
}

function tryWrite(writer: SpanWriter, { write, passed, spans }: Finished): void {
  try {
    write(writer, passed, spans);
  } catch {
    // One that cannot be told takes none of the others along.
  }
}

interface Source {
  readonly ids: Ids;
  /** Room for one more CLIENT span. */
  hold(): Reservation | undefined;
  leave(finished: Finished, room: Reservation, more: readonly Reservation[]): void;
}

const NO_MORE: readonly Reservation[] = [];

class Grant implements SpanGrant {
  readonly spans: OwnSpans;
  readonly #source: Source;
  readonly #room: Reservation;
  #more = NO_MORE;

  constructor(source: Source, room: Reservation) {
    const { ids } = source;
    this.spans = { traceId: ids.traceId(), serverSpanId: ids.spanId(), clientSpanId: ids.spanId() };
    this.#source = source;
    this.#room = room;
  }

  again(): string | undefined {
    const room = this.#source.hold();
    if (room === undefined) return undefined;
    this.#more = [...this.#more, room];
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
        if (isCalled(passed)) source.leave({ write: writeCalls, passed, spans }, room, NO_MORE);
        else room.release();
      },
      release: () => room.release(),
    };
  }

  finish(passed: Passed): void {
    this.#source.leave({ write: writeSpans, passed, spans: this.spans }, this.#room, this.#more);
  }

  release(): void {
    this.#room.release();
    for (const room of this.#more) room.release();
  }
}
