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

/** What a row lets happen: the status answered, the requests read, whether the service may have got a byte. */
function expected({ outcome }: Http2Case): unknown {
  return {
    status: outcome.kind === "refused" ? outcome.status : outcome.kind === "arrives" ? 200 : undefined,
    requests: outcome.kind === "arrives" ? [outcome.request.join("\n")] : [],
    reached: outcome.kind === "arrives" || outcome.kind === "torn",
  };
}

async function run(row: Http2Case): Promise<void> {
  const caller = await dialLenient(border.port);
  const crossed = border.crossing();
  caller.send(OPENING + row.frames);
  const fate = row.outcome.kind === "torn" ? await crossed.then(() => undefined) : await fateOf(caller);
  const status = fate?.type === FRAME.headers ? statusOf(fate) : undefined;
  // Of a request that was torn the head may be on its way.
  const reached = service.bytes().length > 0 || row.outcome.kind === "torn";
  expect({ status, requests: service.requests.map(spell), reached }).toEqual(expected(row));
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
