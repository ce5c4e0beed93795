/** Requests of HTTP/1.1 against node:http, a reader of other hands: what ours accepts is read alike by both. */
import type { IncomingMessage } from "node:http";
import { createServer } from "node:http";
import { Duplex } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyChanges, changed, latin1 } from "../../packages/proxy/test/plane/message-texts.ts";
import type { Request } from "../../packages/proxy/test/plane/request-texts.ts";
import { anyRequest, parse } from "../../packages/proxy/test/plane/request-texts.ts";
import { readRequestFrame } from "../../packages/proxy/src/plane/request-frame.ts";

const numRuns = Number(process.env["TRACEMEND_FUZZ_RUNS"] ?? 400);
const timeoutMs = 30_000 + 20 * numRuns;
const HEAD_BYTES = 65_536;

/** The requests that node:http reads to their end, in their order. */
async function readByNode(bytes: Buffer): Promise<readonly Request[]> {
  const read: Promise<Request | undefined>[] = [];
  const server = createServer({ maxHeaderSize: HEAD_BYTES, requireHostHeader: false }, (request, response) => {
    read.push(wholeOf(request));
    request.once("end", () => response.end());
  });
  server.on("checkContinue", (request, response) => server.emit("request", request, response));
  server.on("checkExpectation", (request, response) => server.emit("request", request, response));
  const closed = Promise.withResolvers<void>();
  const socket = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => done(),
    destroy(_error, done) {
      closed.resolve();
      done(null);
    },
  });
  server.on("clientError", () => socket.destroy());
  server.emit("connection", socket);
  socket.push(bytes);
  socket.push(null);
  await closed.promise;
  server.close();
  const all = await Promise.all(read);
  return all.filter((request) => request !== undefined);
}

function wholeOf(request: IncomingMessage): Promise<Request | undefined> {
  const { promise, resolve } = Promise.withResolvers<Request | undefined>();
  let body = "";
  request.setEncoding("latin1").on("data", (text: string) => (body += text));
  request.once("error", () => resolve(undefined)).once("close", () => resolve(undefined));
  request.once("end", () => {
    const { method = "", url: target = "", httpVersion: version, rawHeaders: lines, rawTrailers: trailers } = request;
    resolve({ method, target: Buffer.from(target, "latin1").toString("latin1"), version, lines, body, trailers });
  });
  return promise;
}

/** Methods are a list to node:http, and it wants none of these bytes in a target. */
const inCommon = ({ method, target }: Request): boolean =>
  ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "M-SEARCH"].includes(method) && /^[!-~]+$/.test(target);

describe("requests of HTTP/1.1", () => {
  it("that are well formed are read by node:http as by us", { timeout: timeoutMs }, async () => {
    await fc.assert(
      fc.asyncProperty(anyRequest, async ({ request, text }) => {
        fc.pre(inCommon(request));
        expect(parse([latin1(text)], HEAD_BYTES).requests).toEqual([request]);
        expect(await readByNode(latin1(text))).toEqual([request]);
      }),
      { numRuns },
    );
  });

  it("that are changed are refused, or read by node:http as by us", { timeout: timeoutMs }, async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(anyRequest, anyChanges, async ({ text }, changes) => {
        const bytes = latin1(changed(text, changes));
        const { requests, whole } = parse([bytes], HEAD_BYTES);
        const [first] = requests;
        if (first === undefined || whole === 0 || !inCommon(first)) return;
        const { violation, keep } = readRequestFrame(first.lines, first.version);
        // Such a request is refused with a word for it, and nothing is read behind it.
        if (violation !== undefined) return;
        const [read, ...more] = await readByNode(bytes);
        compared += read === undefined ? 0 : 1;
        // It refuses more than we do, and then there is nothing to compare.
        const theirs = [read ?? first, ...(keep ? more.slice(0, whole - 1) : [])];
        expect(theirs).toEqual(requests.slice(0, theirs.length));
      }),
      { numRuns },
    );
    expect(compared).toBeGreaterThan(numRuns / 100);
  });

  it("that are no HTTP at all end in a refusal and never in an exception", { timeout: timeoutMs }, () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 6 }), (pieces) => {
        const told = parse(pieces.map((piece) => Buffer.from(piece)));
        expect(told.whole).toBe(0);
      }),
      { numRuns },
    );
  });
});
