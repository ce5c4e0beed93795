/** How a request ended, in a word for who counts and logs it: what senders do wrong is seen nowhere else. */
import type { Answer } from "./answer.ts";

export type ReceptionResult =
  | "taken"
  /** Taken but for some items. */
  | "partial"
  | "busy"
  | "too-large"
  | "invalid"
  | "unauthenticated"
  /** No such path or method, or no such encoding. */
  | "unsupported"
  | "slow"
  | "failed"
  /** What speaks gRPC came to the port of HTTP, or the other way round. */
  | "misdirected";

export interface Reception {
  readonly result: ReceptionResult;
  /** Items turned down although the rest was taken. */
  readonly rejected: number;
  /** What the sender is told, where it is told anything. */
  readonly message: string;
}

/** By gRPC status code. */
const RESULTS: Readonly<Record<number, ReceptionResult>> = {
  3: "invalid",
  4: "slow",
  8: "too-large",
  12: "unsupported",
  14: "busy",
  16: "unauthenticated",
};

export function receptionOf(answer: Answer): Reception {
  if (answer.kind === "failure") {
    const { code, message } = answer.status;
    const result = answer.httpStatus === 415 ? "unsupported" : (RESULTS[code] ?? "failed");
    return { result, rejected: 0, message };
  }
  const { rejected, message } = answer.partial;
  return { result: rejected > 0 ? "partial" : "taken", rejected, message };
}

export function misdirected(message: string): Reception {
  return { result: "misdirected", rejected: 0, message };
}
