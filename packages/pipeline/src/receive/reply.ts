/** Writes an answer to an HTTP request, in the encoding the request had. */
import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import {
  encodeExportResponse,
  encodeStatus,
  formatContentType,
  formatJsonExportResponse,
  formatJsonStatus,
  formatRetryAfter,
} from "@tracemend/otlp";
import type { Encoding, PartialSuccess, Signal, Status } from "@tracemend/otlp";
import type { Answer } from "./answer.ts";

/** Sends an answer; a failure as google.rpc.Status. Does nothing once one was sent or the sender has gone. */
export type Reply = (answer: Answer, headers?: OutgoingHttpHeaders) => void;

export function defineReply(response: ServerResponse, signal: Signal, encoding: Encoding): Reply {
  const send = (status: number, headers: OutgoingHttpHeaders, body: Uint8Array): void => {
    if (response.destroyed || response.headersSent) return;
    const type = { "content-type": formatContentType(encoding), "content-length": body.byteLength };
    response.writeHead(status, { ...type, ...headers });
    response.end(body);
  };
  const { encodeResponse, encodeFailure } = encoders[encoding];
  return (answer, headers = {}) => {
    if (answer.kind === "response") return send(200, headers, encodeResponse(signal, answer.partial));
    const { retryAfterMs } = answer.status;
    const wait = retryAfterMs === undefined ? {} : { "retry-after": formatRetryAfter(retryAfterMs) };
    send(answer.httpStatus, { ...wait, ...headers }, encodeFailure(answer.status));
  };
}

interface Encoder {
  readonly encodeResponse: (signal: Signal, partial: PartialSuccess) => Uint8Array;
  readonly encodeFailure: (status: Status) => Uint8Array;
}

const encoders: Readonly<Record<Encoding, Encoder>> = {
  protobuf: { encodeResponse: (_signal, partial) => encodeExportResponse(partial), encodeFailure: encodeStatus },
  json: {
    encodeResponse: (signal, partial) => Buffer.from(formatJsonExportResponse(signal, partial)),
    encodeFailure: (status) => Buffer.from(formatJsonStatus(status)),
  },
};
