/** Any subject with a client before it, something behind it and a record of its crossings. */
import { once } from "node:events";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request as sendRequest } from "node:http";
import type { Crossing, FieldLines } from "@tracemend/context";
import type { Recorder } from "../support/service.ts";
import { createRecorder } from "../support/service.ts";
import type { Behind, Subject, SubjectOptions } from "./subject.ts";
import { readAll } from "./transport.ts";

export interface SentRequest {
  /** Default `GET`. */
  readonly method?: string;
  /** Default `/`. */
  readonly target?: string;
}

/** A request on its way; whoever sends it ends its body. */
export interface Sent {
  readonly request: ClientRequest;
  readonly answered: Promise<IncomingMessage>;
}

export interface Site {
  readonly recorder: Recorder;
  /** These lines as they are, besides `Host` and the framing. */
  readonly send: (lines: FieldLines, request?: SentRequest) => Sent;
  /** Ends what is still open: afterwards every crossing has been told. */
  readonly close: () => Promise<void>;
}

/** One request that has been answered. */
export interface Passed {
  readonly status: number | undefined;
  /** The lines that arrived behind the boundary. */
  readonly arrived: FieldLines;
  /** The lines of the answer. */
  readonly answered: FieldLines;
  readonly crossing: Crossing;
}

export interface SubjectRig {
  /** Without options: nothing beyond the specification, and no spans. Closed with the rig. */
  readonly open: (behind: Behind, options?: Partial<SubjectOptions>) => Promise<Site>;
  /** One request without a body through a boundary of its own. */
  readonly pass: (lines: FieldLines, options?: Partial<SubjectOptions>) => Promise<Passed>;
  readonly close: () => Promise<void>;
}

export function createSubjectRig(subject: Subject): SubjectRig {
  const closers: (() => Promise<void>)[] = [];
  const open: SubjectRig["open"] = async (behind, options = {}) => {
    const recorder = createRecorder();
    const complete = { policy: {}, spans: () => undefined, answer: [], observer: recorder, ...options };
    const { port, close } = await subject.open(complete, behind);
    closers.push(close);
    return { recorder, close, send: (lines, request) => send(port, lines, request) };
  };
  return {
    open,
    async pass(lines, options) {
      let arrived: FieldLines = [];
      const site = await open((request) => {
        arrived = request.lines;
        return request.body;
      }, options);
      const { request, answered } = site.send(lines);
      request.end();
      const answer = await answered;
      await readAll(answer);
      const [crossing] = await site.recorder.until(1);
      return { status: answer.statusCode, arrived, answered: answer.rawHeaders, crossing: crossing as Crossing };
    },
    async close() {
      await Promise.all(closers.map((close) => close()));
    },
  };
}

function send(port: number, lines: FieldLines, { method = "GET", target = "/" }: SentRequest = {}): Sent {
  const options = { host: "127.0.0.1", port, agent: false, method, path: target };
  const request = sendRequest({ ...options, headers: ["Host", "shop", ...lines] });
  const answered = once(request, "response").then(([answer]) => answer as IncomingMessage);
  // A caller that leaves gets no answer.
  answered.catch(() => undefined);
  request.on("error", () => undefined);
  return { request, answered };
}
