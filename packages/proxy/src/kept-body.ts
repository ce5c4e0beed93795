/** The body of a request as long as it may be sent once more: what came of it, bounded. */
import type { FieldLines } from "@tracemend/context";
import type { Call } from "./plane/plane.ts";

export class KeptBody {
  readonly #chunks: Uint8Array[] = [];
  #room: number;
  #end: { readonly trailers: FieldLines | undefined } | undefined;

  constructor(mostBytes: number) {
    this.#room = mostBytes;
  }

  /** False where it has become too long to be kept. */
  add(chunk: Uint8Array): boolean {
    this.#room -= chunk.length;
    this.#chunks.push(chunk);
    return this.#room >= 0;
  }

  /** Nothing more comes. */
  end(trailers: FieldLines | undefined): void {
    this.#end = { trailers };
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** Sends all that has come, and its end where that has. False: enough for now, the call will tell when it has drained. */
  replay(call: Call): boolean {
    let room = true;
    for (const chunk of this.#chunks) room = call.write(chunk);
    if (this.#end !== undefined) call.end(this.#end.trailers);
    return room;
  }
}
