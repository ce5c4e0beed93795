/** Asks one endpoint, again and again, whether it is well. */
import type { FieldLines } from "@tracemend/context";
import type { Clock } from "../clock.ts";
import type { AnswerHead, Call, OutgoingHead } from "../plane/plane.ts";
import { CANCEL } from "../reset.ts";
import type { Endpoint } from "./endpoint.ts";
import { HEALTH_PATH, healthRequest, readHealthAnswer } from "./grpc-health.ts";
import type { HealthSettings } from "./options.ts";

export interface HealthCheck {
  stop(): void;
}

/** What one answer says, as soon as it says it. */
export interface AnswerReader {
  answered(head: AnswerHead): boolean | undefined;
  body(chunk: Uint8Array): boolean | undefined;
  ended(trailers: FieldLines | undefined): boolean;
}

export interface HealthQuestion {
  readonly head: OutgoingHead;
  readonly body: Uint8Array | undefined;
  readonly read: () => AnswerReader;
}

export function healthQuestion(settings: HealthSettings, scheme: "http" | "https", authority: string): HealthQuestion {
  const common = { scheme, authority, trailers: false, upgrade: undefined };
  const lines = ["host", authority, "user-agent", "tracemend-health"];
  if (settings.grpc === undefined)
    return {
      head: { ...common, method: "GET", target: settings.path, lines, body: "none" },
      body: undefined,
      read: () => STATUS,
    };
  const more = ["content-type", "application/grpc", "te", "trailers", "grpc-timeout", `${settings.timeoutMs}m`];
  return {
    head: { ...common, method: "POST", target: HEALTH_PATH, lines: [...lines, ...more], body: "unsized" },
    body: healthRequest(settings.grpc),
    read: readHealthAnswer,
  };
}

const STATUS: AnswerReader = {
  answered: ({ status }) => status >= 200 && status < 300,
  body: () => undefined,
  ended: () => false,
};

/** `changed` is told after `endpoint.well` has changed. */
export function checkHealth(
  endpoint: Endpoint,
  question: HealthQuestion,
  settings: HealthSettings,
  clock: Clock,
  changed: () => void,
): HealthCheck {
  let inRow = 0;
  let stopped = false;
  let next: { cancel(): void } | undefined;
  let limit: { cancel(): void } | undefined;
  const judge = (well: boolean): void => {
    if (stopped) return;
    next = clock.after(settings.intervalMs, ask);
    inRow = well === endpoint.well ? 0 : inRow + 1;
    if (inRow < (well ? settings.healthyAfter : settings.unhealthyAfter)) return;
    inRow = 0;
    if (well === endpoint.well) return;
    endpoint.well = well;
    changed();
  };
  const ask = (): void => {
    limit?.cancel();
    let over = false;
    const end = (well: boolean | undefined): void => {
      if (over || well === undefined) return;
      over = true;
      judge(well);
    };
    const reader = question.read();
    let connected = false;
    let call: Call | undefined;
    const flow = (): void => {
      if (!connected || call === undefined || question.body === undefined) return;
      call.write(question.body);
      call.end(undefined);
    };
    call = endpoint.connections.send(question.head, {
      connected() {
        connected = true;
        flow();
      },
      informed() {},
      answered: (head) => end(reader.answered(head)),
      body: (chunk) => end(reader.body(chunk)),
      ended(trailers) {
        limit?.cancel();
        end(reader.ended(trailers));
      },
      drained() {},
      failed() {
        limit?.cancel();
        end(false);
      },
    });
    flow();
    // Also for an answer that said enough and does not end.
    limit = clock.after(settings.timeoutMs, () => {
      call.cancel(CANCEL);
      end(false);
    });
  };
  ask();
  return {
    stop() {
      stopped = true;
      next?.cancel();
      limit?.cancel();
    },
  };
}
