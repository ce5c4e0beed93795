/** Every row on a connection of its own; what goes to the service is HTTP/1.1, read by careless readers. */
import { FRAME, OPENING, readFrames, statusOf } from "../support/http2-frames.ts";
import type { Frame } from "../support/http2-frames.ts";
import { dialLenient } from "../support/lenient-peer.ts";
import type { LenientConnection } from "../support/lenient-peer.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Border } from "./border.ts";
import { openBorder } from "./border.ts";
import { HTTP2_CASES } from "./http2-cases.ts";
import type { Http2Case } from "./http2-cases.ts";
import type { LenientService } from "./lenient-service.ts";
import { spell, startLenientService } from "./lenient-service.ts";

let service: LenientService;
let border: Border;
beforeEach(async () => {
  service = await startLenientService();
  border = await openBorder(service.url);
});
afterEach(async () => {
  await border.close();
  await service.close();
});

/** An answer's head on stream 1, its reset, or the end of the connection. */
async function fateOf(caller: LenientConnection): Promise<Frame | undefined> {
  const isFate = ({ type, stream }: Frame): boolean =>
    type === FRAME.goaway || (stream === 1 && (type === FRAME.headers || type === FRAME.reset));
  const received = await Promise.race([
    caller.when((bytes) => readFrames(bytes).some(isFate)).catch(() => caller.received()),
    caller.closed,
  ]);
  return readFrames(received).find(isFate);
}

async function nothingIsLeftBehind(): Promise<void> {
  const caller = await dialLenient(border.port);
  caller.send("GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  expect(await caller.closed).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n\/last$/s);
  expect(service.disagreements()).toEqual([]);
  caller.socket.destroy();
}

async function run({ frames, outcome }: Http2Case): Promise<void> {
  const caller = await dialLenient(border.port);
  caller.send(OPENING + frames);
  const fate = await (outcome.kind === "torn" ? border.crossing().then(() => undefined) : fateOf(caller));
  const answered = fate?.type === FRAME.headers;
  switch (outcome.kind) {
    case "broken":
      expect(answered).toBe(false);
      expect(service.bytes()).toEqual([]);
      break;
    case "refused":
      expect(answered && fate !== undefined && statusOf(fate)).toBe(outcome.status);
      expect(service.bytes()).toEqual([]);
      break;
    case "torn":
      expect(border.crossings[0]?.status).toBeUndefined();
      expect(service.requests).toEqual([]);
      break;
    case "arrives":
      expect(answered && fate !== undefined && statusOf(fate)).toBe(200);
      expect(service.requests.map(spell)).toEqual([outcome.request.join("\n")]);
      break;
  }
  caller.socket.destroy();
  await nothingIsLeftBehind();
}

const of = (...kinds: readonly Http2Case["outcome"]["kind"][]): readonly Http2Case[] =>
  HTTP2_CASES.filter(({ outcome }) => kinds.includes(outcome.kind));

describe("over HTTP/2 what never reaches the service:", () => {
  it.each(of("broken", "refused"))("$name", run);
});

describe("over HTTP/2 what the service can tell from a whole request:", () => {
  it.each(of("torn"))("$name", run);
});

describe("over HTTP/2 what arrives, read the same by every reader of HTTP/1.1:", () => {
  it.each(of("arrives"))("$name", run);
});
