/** One place of an upstream: its connections, what is under way there and whether it can be trusted with more. */
import type { Clock } from "../clock.ts";
import type { Connections } from "../plane/plane.ts";
import type { EjectionSettings } from "./options.ts";

export class Endpoint {
  /** `host:port`. */
  readonly key: string;
  readonly connections: Connections;
  /** Tries under way. */
  open = 0;
  /** What the active checks say. */
  well = true;
  ejected = false;
  #failures = 0;
  #ejections = 0;
  #drained: (() => void) | undefined;

  constructor(key: string, connections: Connections) {
    this.key = key;
    this.connections = connections;
  }

  get usable(): boolean {
    return this.well && !this.ejected;
  }

  enter(): void {
    this.open += 1;
  }

  leave(): void {
    this.open -= 1;
    if (this.open === 0) this.#drained?.();
  }

  /** Whether this one was the last failure in a row that is borne. */
  failed(settings: EjectionSettings): boolean {
    this.#failures += 1;
    return this.#failures >= settings.failures && !this.ejected;
  }

  succeeded(): void {
    this.#failures = 0;
    if (!this.ejected) this.#ejections = 0;
  }

  eject(settings: EjectionSettings, clock: Clock, back: () => void): { cancel(): void } {
    this.ejected = true;
    this.#ejections += 1;
    return clock.after(Math.min(settings.maxMs, settings.baseMs * this.#ejections), () => {
      this.ejected = false;
      this.#failures = 0;
      back();
    });
  }

  /** Lets what is under way finish; an aborted signal breaks it off. */
  async close(signal: AbortSignal): Promise<void> {
    if (this.open > 0 && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#drained = resolve;
      signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
    }
    await this.connections.close(signal);
  }
}
