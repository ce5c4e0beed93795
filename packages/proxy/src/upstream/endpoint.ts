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
  /** Against the others of its priority. */
  weight = 1;
  /** Lower ones are taken while one of them is well. */
  priority = 0;
  /** What it is owed of the turns; the one that is owed most is next. */
  credit = 0;
  /** What the active checks say. */
  well = true;
  ejected = false;
  #failures = 0;
  #ejections = 0;
  #drained: (() => void) | undefined;
  #return: { cancel(): void } | undefined;

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

  /** Whether it was left out until now: an answer says more than the time that is left. */
  succeeded(): boolean {
    this.#failures = 0;
    const { ejected } = this;
    this.ejected = false;
    this.#return?.cancel();
    if (!ejected) this.#ejections = 0;
    return ejected;
  }

  /** `back` is told when the time is over. */
  eject(settings: EjectionSettings, clock: Clock, back: () => void): void {
    this.ejected = true;
    this.#ejections += 1;
    this.#return = clock.after(Math.min(settings.maxMs, settings.baseMs * this.#ejections), () => {
      this.ejected = false;
      this.#failures = 0;
      back();
    });
  }

  /** Lets what is under way finish; an aborted signal breaks it off. */
  async close(signal: AbortSignal): Promise<void> {
    this.#return?.cancel();
    if (this.open > 0 && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#drained = resolve;
      signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
    }
    await this.connections.close(signal);
  }
}
