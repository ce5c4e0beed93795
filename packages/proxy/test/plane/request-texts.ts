/** Requests of HTTP/1.1 for tests: written from what they mean, and told back as a parser reads them. */
import type { FieldLines } from "@tracemend/context";
import fc from "fast-check";
import { RequestParser } from "../../src/plane/request-parser.ts";
import { anyBody, anyLines, chunksOf, textOf } from "./message-texts.ts";

export interface Request {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly lines: FieldLines;
  readonly body: string;
  readonly trailers: FieldLines;
}

export interface Told {
  /** Those whose head was read; `whole` of them to their end. */
  readonly requests: readonly Request[];
  readonly whole: number;
  readonly wrong: string | undefined;
}

export const anyRequest: fc.Arbitrary<{ readonly request: Request; readonly text: string }> = fc
  .record({
    method: fc.constantFrom("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "M-SEARCH"),
    target: fc.constantFrom("/", "/a?b=c", "*", "http://a.example/x", "/%00%2f", "/\u00e4"),
    version: fc.constantFrom("1.1", "1.1", "1.0"),
    own: anyLines,
    body: anyBody,
    trailers: anyLines,
    framing: fc.constantFrom("none", "sized", "chunked"),
    cuts: fc.array(fc.nat({ max: 40 }), { maxLength: 4 }),
    extension: fc.constantFrom("", ";a=1", ';b="c"'),
    before: fc.constantFrom("", "", "\r\n", "\r\n\r\n"),
  })
  .map(({ method, target, version: wanted, own, body, trailers, framing, cuts, extension, before }) => {
    const version = framing === "chunked" ? "1.1" : wanted;
    const frame =
      framing === "chunked"
        ? ["Transfer-Encoding", "chunked"]
        : framing === "sized"
          ? ["Content-Length", String(body.length)]
          : [];
    const lines = ["Host", "a", ...own, ...frame];
    const request = {
      method,
      target,
      version,
      lines,
      body: framing === "none" ? "" : body,
      trailers: framing === "chunked" ? trailers : [],
    };
    const chunks = `${chunksOf(body, cuts, extension)}0\r\n${textOf(trailers)}\r\n`;
    const end = framing === "chunked" ? chunks : request.body;
    return { request, text: `${before}${method} ${target} HTTP/${version}\r\n${textOf(lines)}\r\n${end}` };
  });

/** What the parser tells of the pieces, one request behind the other. */
export function parse(pieces: readonly Buffer[], headBytes = 1_000): Told {
  const requests: Request[] = [];
  let whole = 0;
  const change = (more: Partial<Request>): void => {
    requests.push({ ...(requests.pop() as Request), ...more });
  };
  const parser = new RequestParser(
    {
      head({ method, target, version }, lines) {
        requests.push({ method, target, version, lines, body: "", trailers: [] });
      },
      body(chunk) {
        change({ body: (requests.at(-1) as Request).body + Buffer.from(chunk).toString("latin1") });
      },
      ended(trailers) {
        whole += 1;
        change({ trailers });
      },
    },
    headBytes,
  );
  for (const piece of pieces)
    for (let at = 0; at < piece.length && parser.wrong === undefined;) at = parser.feed(piece, at);
  return { requests, whole, wrong: parser.wrong };
}
