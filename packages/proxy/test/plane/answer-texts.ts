/** Answers of HTTP/1.1 for tests: written from what they mean, and told back as a parser reads them. */
import type { FieldLines } from "@tracemend/context";
import fc from "fast-check";
import { AnswerParser } from "../../src/plane/answer-parser.ts";
import { anyBody, anyLines, chunksOf, textOf } from "./message-texts.ts";

export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly lines: FieldLines;
  readonly body: string;
  readonly trailers: FieldLines;
}

export interface Told {
  /** `informed` and `answered` heads in their order, then the body and its end. */
  readonly informed: readonly number[];
  readonly answer: Answer | undefined;
  readonly ended: boolean;
  readonly wrong: string | undefined;
  readonly reusable: boolean;
}

/** How an answer says where its body ends. */
export type Framing = "sized" | "chunked" | "until close";

export const anyAnswer: fc.Arbitrary<{ readonly answer: Answer; readonly framing: Framing; readonly text: string }> = fc
  .record({
    status: fc.constantFrom(200, 201, 206, 302, 404, 500, 599),
    reason: fc.constantFrom("OK", "", "Not Found", "\u00e4"),
    own: anyLines,
    body: anyBody,
    trailers: anyLines,
    framing: fc.constantFrom<Framing>("sized", "chunked", "until close"),
    cuts: fc.array(fc.nat({ max: 40 }), { maxLength: 4 }),
    extension: fc.constantFrom("", ";a=1", ' ;b="c"'.trim()),
    informed: fc.array(fc.constantFrom(100, 102, 103), { maxLength: 2 }),
  })
  .map(({ status, reason, own, body, trailers, framing, cuts, extension, informed }) => {
    const frame = {
      sized: ["Content-Length", String(body.length)],
      chunked: ["Transfer-Encoding", "chunked"],
      "until close": [],
    };
    const all = [...own, ...frame[framing]];
    const answer = { status, reason, lines: all, body, trailers: framing === "chunked" ? trailers : [] };
    const before = informed.map((early) => `HTTP/1.1 ${early} Early\r\nLink: x\r\n\r\n`).join("");
    const head = `HTTP/1.1 ${status} ${reason}\r\n${textOf(all)}\r\n`;
    const end = framing === "chunked" ? `${chunksOf(body, cuts, extension)}0\r\n${textOf(trailers)}\r\n` : body;
    return { answer, framing, text: before + head + end };
  });

/** What the parser tells of the pieces, and of the end of the connection behind them where `closed`. */
export function parse(pieces: readonly Buffer[], { method = "GET", closed = false, headBytes = 1_000 } = {}): Told {
  const informed: number[] = [];
  let answer: Answer | undefined;
  let ended = false;
  const parser = new AnswerParser(
    {
      informed: (status) => void informed.push(status),
      head: (status, reason, all) => void (answer = { status, reason, lines: all, body: "", trailers: [] }),
      body(chunk) {
        if (answer !== undefined) answer = { ...answer, body: answer.body + Buffer.from(chunk).toString("latin1") };
      },
      ended(trailers) {
        ended = true;
        if (answer !== undefined) answer = { ...answer, trailers };
      },
    },
    headBytes,
  );
  parser.expect(method, false);
  let wrong: string | undefined;
  for (const piece of pieces) wrong ??= parser.feed(piece);
  if (closed && wrong === undefined) parser.end();
  return { informed, answer, ended, wrong, reusable: parser.reusable };
}

/** How many of the bytes the answer takes. */
export function lengthOfAnswer(bytes: Buffer, headBytes: number): number {
  for (let length = 1; length <= bytes.length; length += 1)
    if (parse([bytes.subarray(0, length)], { headBytes }).ended) return length;
  return bytes.length;
}
