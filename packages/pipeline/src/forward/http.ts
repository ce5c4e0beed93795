/** The last sink, over HTTP/1.1 with protobuf bodies: one POST per batch. */
import { Readable } from "node:stream";
import { Pool } from "undici";
import type { Dispatcher } from "undici";
import { formatContentType, httpPath, parseContentType, readHttpAnswer } from "@tracemend/otlp";
import type { Answer } from "@tracemend/otlp";
import { createDeadline } from "../clock.ts";
import { busy } from "../outcome.ts";
import type { Sink } from "../stage.ts";
import { createJudgement, maxAnswerBytes, settle, toBody } from "./forward.ts";
import type { Body, ForwardOptions, Silence } from "./forward.ts";
import { createProbe } from "./probe.ts";

export function forwardHttp(options: ForwardOptions): Sink {
  const { destination, reachability, clock, random } = options;
  const { basePath, compression, timeoutMs } = destination;
  const probe = createProbe(destination, reachability, clock, random);
  const judge = createJudgement(destination, reachability);
  // The deadline of an attempt is kept here, by the injected clock, so undici's own timeouts are off.
  const pool = new Pool(destination.origin, {
    allowH2: false,
    connect: { ...destination.tls, timeout: 0 },
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const headers: Record<string, string> = {
    ...destination.headers,
    "content-type": formatContentType("protobuf"),
    "user-agent": "tracemend",
    ...(compression === "none" ? {} : { "content-encoding": compression }),
  };

  const post = async (path: string, { parts, bytes }: Body, signal: AbortSignal): Promise<Answer | Silence> => {
    try {
      const [only] = parts;
      const whole = { headers, body: only ?? null };
      // Of an iterable the length is not known.
      const cut = { headers: { ...headers, "content-length": String(bytes) }, body: Readable.from(parts) };
      const response = await pool.request({ method: "POST", path, ...(parts.length > 1 ? cut : whole), signal });
      return readHttpReply(response, await readAnswer(response), clock.now());
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      return { kind: "silence", message: signal.aborted ? "no answer in time" : message };
    }
  };

  return {
    async accept(batch, signal) {
      const body = await toBody(batch, compression);
      if (signal.aborted) return busy(0);
      const deadline = createDeadline(clock, timeoutMs, signal);
      try {
        const answer = await post(basePath + httpPath(batch.signal), body, deadline.signal);
        return settle(batch, signal.aborted ? busy(0) : judge(answer, batch.signal));
      } finally {
        deadline.clear();
      }
    },
    async close(signal) {
      probe.close();
      const cut = (): void => void pool.destroy();
      if (signal.aborted) return pool.destroy();
      signal.addEventListener("abort", cut);
      await pool.close();
      signal.removeEventListener("abort", cut);
    },
  };
}

async function readAnswer(response: Dispatcher.ResponseData): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > maxAnswerBytes) throw new RangeError(`an answer of more than ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function readHttpReply(response: Dispatcher.ResponseData, body: Uint8Array, nowMs: number): Answer {
  const { statusCode: status, headers } = response;
  const type = single(headers["content-type"]);
  const isPage = type !== undefined && /^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(type);
  // A page with status 200 comes from something that is no OTLP receiver, and took nothing.
  if (status >= 200 && status <= 299 && body.byteLength > 0 && isPage) {
    return {
      kind: "refused",
      message: `HTTP status ${status} with a body of type ${type}`,
      tooLarge: false,
      divisible: false,
    };
  }
  const retryAfter = single(headers["retry-after"]);
  if (type === undefined || parseContentType(type) === "protobuf")
    return readHttpAnswer({ status, retryAfter, body }, nowMs);
  return readHttpAnswer({ status, retryAfter, text: isPage ? "" : Buffer.from(body).toString() }, nowMs);
}

function single(value: string | string[] | undefined): string | undefined {
  return typeof value === "string" ? value : value?.[0];
}
