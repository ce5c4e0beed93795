/** Answers of HTTP/1.1 against node:http, a reader of other hands: what ours accepts is read alike by both. */
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Answer } from "../../packages/proxy/test/plane/answer-texts.ts";
import { anyAnswer, lengthOfAnswer, parse } from "../../packages/proxy/test/plane/answer-texts.ts";
import { anyChanges, changed, latin1 } from "../../packages/proxy/test/plane/message-texts.ts";

const numRuns = Number(process.env["TRACEMEND_FUZZ_RUNS"] ?? 400);
const timeoutMs = 30_000 + 20 * numRuns;

/** What node:http reads; undefined where it refuses, or the answer does not end with the connection. */
function readByNode(bytes: Buffer): Promise<Answer | undefined> {
  const { promise, resolve } = Promise.withResolvers<Answer | undefined>();
  const socket = new Duplex({
    read: () => undefined,
    write(_chunk, _encoding, done) {
      this.push(bytes);
      this.push(null);
      done();
    },
  });
  const answered = (answer: IncomingMessage): void => {
    let body = "";
    answer.setEncoding("latin1").on("data", (text: string) => (body += text));
    answer.once("error", () => resolve(undefined)).once("close", () => resolve(undefined));
    answer.once("end", () => {
      const { statusCode: status = 0, statusMessage: reason = "", rawHeaders: lines, rawTrailers: trailers } = answer;
      resolve({ status, reason, lines, body, trailers });
    });
  };
  const sent = request({ createConnection: () => socket, maxHeaderSize: 65_536 }, answered);
  sent.on("error", () => resolve(undefined));
  sent.once("upgrade", () => resolve(undefined));
  sent.once("close", () => {
    if (sent.listenerCount("response") > 0) resolve(undefined);
  });
  sent.end();
  return promise;
}

describe("answers of HTTP/1.1", () => {
  it("that are well formed are read by node:http as by us", { timeout: timeoutMs }, async () => {
    await fc.assert(
      fc.asyncProperty(anyAnswer, async ({ answer, text }) => {
        expect(await readByNode(latin1(text))).toEqual(answer);
        expect(parse([latin1(text)], { closed: true, headBytes: 65_536 }).answer).toEqual(answer);
      }),
      { numRuns },
    );
  });

  it("that are changed are refused, or read by node:http as by us", { timeout: timeoutMs }, async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(anyAnswer, anyChanges, async ({ text }, changes) => {
        const bytes = latin1(changed(text, changes));
        const ours = parse([bytes], { closed: true, headBytes: 65_536 });
        if (ours.wrong !== undefined || ours.answer === undefined || !ours.ended) return;
        accepted += 1;
        // What comes behind an answer costs us the connection, and node:http the answer.
        expect(await readByNode(bytes.subarray(0, lengthOfAnswer(bytes, 65_536)))).toEqual(ours.answer);
      }),
      { numRuns },
    );
    expect(accepted).toBeGreaterThan(0);
  });

  it("that are no HTTP at all end in a refusal and never in an exception", { timeout: timeoutMs }, () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 6 }), (pieces) => {
        const told = parse(
          pieces.map((piece) => Buffer.from(piece)),
          { closed: true },
        );
        expect(told.ended).toBe(false);
      }),
      { numRuns },
    );
  });
});
