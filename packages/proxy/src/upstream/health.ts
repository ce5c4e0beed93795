/** Asks one endpoint, again and again, whether it is well. */
import type { Clock } from "../clock.ts";
import type { CallEvents, OutgoingHead } from "../plane/plane.ts";
import { CANCEL } from "../reset.ts";
import type { Endpoint } from "./endpoint.ts";
import type { HealthSettings } from "./options.ts";

export interface HealthCheck {
  stop(): void;
}

/** `changed` is told after `endpoint.well` has changed. */
export function checkHealth(
  endpoint: Endpoint,
  head: OutgoingHead,
  settings: HealthSettings,
  clock: Clock,
  changed: () => void,
): HealthCheck {
  let inRow = 0;
  let stopped = false;
  let timer: { cancel(): void } | undefined;
  const judge = (well: boolean): void => {
    if (stopped) return;
    timer?.cancel();
    timer = clock.after(settings.intervalMs, ask);
    inRow = well === endpoint.well ? 0 : inRow + 1;
    if (inRow < (well ? settings.healthyAfter : settings.unhealthyAfter)) return;
    inRow = 0;
    if (well === endpoint.well) return;
    endpoint.well = well;
    changed();
  };
  const ask = (): void => {
    let over = false;
    const end = (well: boolean): void => {
      if (over) return;
      over = true;
      judge(well);
    };
    const call = endpoint.connections.send(head, {
      ...SILENT,
      answered: ({ status }) => end(status >= 200 && status < 300),
      failed: () => end(false),
    });
    timer = clock.after(settings.timeoutMs, () => {
      call.cancel(CANCEL);
      end(false);
    });
  };
  ask();
  return {
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}

const SILENT: Omit<CallEvents, "answered" | "failed"> = {
  connected() {},
  informed() {},
  body() {},
  ended() {},
  drained() {},
};
