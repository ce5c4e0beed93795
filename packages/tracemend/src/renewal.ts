/** Boundaries by a configuration and the certificate files it names: again when another one comes, and when the files change. */
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "@tracemend/proxy";
import type { Boundaries } from "./boundaries.ts";
import { checkBoundaries } from "./boundaries.ts";
import type { Config } from "./config.ts";
import { createFileWatch } from "./file-watch.ts";
import type { Logger } from "./log.ts";
import { rememberPems } from "./pem.ts";

export interface Renewal {
  /** Rejects as `Boundaries.apply`; then what was there goes on. */
  apply(config: Config): Promise<void>;
  counts(): RenewalCounts;
  /** After what is under way. */
  close(): Promise<void>;
}

export interface RenewalCounts {
  readonly taken: number;
  /** The files could not be read or did not fit together: those before stay in use. */
  readonly refused: number;
}

export interface RenewalOptions {
  readonly boundaries: Boundaries;
  readonly watch: Config["certificates"];
  readonly clock: Clock;
  readonly log: Pick<Logger, "info" | "warn" | "error">;
}

export function createRenewal({ boundaries, watch, clock, log }: RenewalOptions): Renewal {
  let present: Config | undefined;
  let texts: ReadonlyMap<string, string> = new Map();
  let turn: Promise<void> = Promise.resolve();
  const counts = { taken: 0, refused: 0 };
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
  };
  const renew = async (): Promise<void> => {
    if (present === undefined) return;
    try {
      const pems = rememberPems(present.folder);
      checkBoundaries(present, pems.source);
      if (isDeepStrictEqual(pems.texts, texts)) return;
      await boundaries.apply(present, pems);
      ({ texts } = pems);
      counts.taken += 1;
      log.info("certificates renewed");
    } catch (error) {
      counts.refused += 1;
      log.error({ error: (error as Error).message }, "certificates not renewed");
    }
  };
  const files = createFileWatch({
    mode: watch.watch,
    settleMs: watch.settle_ms,
    pollMs: watch.poll_ms,
    clock,
    changed: () => void inTurn(renew),
    failed: (error) => log.warn({ error: error.message }, "certificates not watched"),
  });
  return {
    apply: (config) =>
      inTurn(async () => {
        const pems = rememberPems(config.folder);
        await boundaries.apply(config, pems);
        present = config;
        ({ texts } = pems);
        files.follow(texts.keys());
      }),
    counts: () => ({ ...counts }),
    async close() {
      files.close();
      await turn;
    },
  };
}
