/** Shows the spans of a batch a few at a time: what each of them calls for can be fetched for all of them at once. */

import type { Batch } from "./batch.ts";
import { OpenSpanView, type SpanView } from "./span-view.ts";
import { Cursor } from "./wire/cursor.ts";

/** Spans of one resource that follow each other. The views move on after each visit. */
export class SpanRun {
  readonly #views: readonly OpenSpanView[];
  readonly #request = new Cursor();
  readonly #resource = new Cursor();
  readonly #scope = new Cursor();
  #count = 0;
  #turn = 0;

  /** `most`: spans of a run. */
  constructor(most: number) {
    this.#views = Array.from({ length: most }, () => new OpenSpanView());
  }

  get count(): number {
    return this.#count;
  }

  /** Another number than at the last run: the resource is another one. */
  get turn(): number {
    return this.#turn;
  }

  at(index: number): SpanView {
    return this.#views[index]!;
  }

  /** Visits run after run, in the order of the bytes. A batch of another signal has none. */
  each(batch: Batch, visit: (run: this) => void): void {
    if (batch.signal !== "traces") return;
    this.#count = 0;
    const request = this.#request;
    const resource = this.#resource;
    for (const part of batch.parts) {
      request.open(part, 0, part.length);
      while (request.next()) {
        if (request.field !== 1) continue;
        this.#turn++;
        resource.open(part, request.start, request.stop);
        while (resource.next()) if (resource.field === 2) this.#takeScope(part, visit);
        this.#pass(visit);
      }
    }
  }

  #takeScope(part: Uint8Array, visit: (run: this) => void): void {
    const scope = this.#scope.open(part, this.#resource.start, this.#resource.stop);
    while (scope.next()) {
      if (scope.field !== 2) continue;
      const view = this.#views[this.#count++]!;
      view.openResource(part, this.#request.start, this.#request.stop);
      view.open(scope.start, scope.stop);
      if (this.#count === this.#views.length) this.#pass(visit);
    }
  }

  #pass(visit: (run: this) => void): void {
    if (this.#count > 0) visit(this);
    this.#count = 0;
  }
}
