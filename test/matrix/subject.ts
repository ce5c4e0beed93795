/** Whatever a boundary can stand in front of, as the behaviours see it: lines and bytes go in, and arrive behind it. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { AnswerField, FieldLines, Observer, OwnSpans, PolicyOptions } from "@tracemend/context";

/** What a behaviour asks of the boundary. What a subject has no option for is among the exceptions. */
export interface SubjectOptions {
  readonly policy: PolicyOptions;
  readonly spans: () => OwnSpans | undefined;
  readonly answer: readonly AnswerField[];
  readonly observer: Observer;
}

/** A request as it arrives behind the boundary. */
export interface Arrived {
  readonly lines: FieldLines;
  readonly body: AsyncIterable<Uint8Array>;
  /** Resolves when the caller has gone before its answer was whole. */
  readonly gone: Promise<void>;
}

/** What stands behind the boundary: it gives the body of the answer. */
export type Behind = (arrived: Arrived) => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>;

export interface Listening {
  /** HTTP/1.1 on the loopback. */
  readonly port: number;
  readonly close: () => Promise<void>;
}

export interface Subject {
  /** Listens, with a boundary of its own in front of what is behind. */
  readonly open: (options: SubjectOptions, behind: Behind) => Promise<Listening>;
}

export const BOUNDARY = { name: "edge", cluster: "eu-1" } as const;

/** What is behind, on Node's own messages. */
export async function answerFrom(behind: Behind, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new Promise<void>((resolve) => {
    response.once("close", () => {
      if (!response.writableFinished) resolve();
    });
  });
  const body = await behind({ lines: request.rawHeaders, body: request, gone });
  response.flushHeaders();
  // A caller that leaves breaks the pipeline; that is what some behaviours are about.
  await pipeline(body, response).catch(() => undefined);
}
