/** How careless services read one stream of HTTP/1 bytes: each reading splits it into requests in its own way. */

export interface ReadRequest {
  readonly method: string;
  readonly target: string;
  /** Request line and fields as they stand. */
  readonly head: readonly string[];
  readonly body: string;
}

export interface Reading {
  readonly name: string;
  /** What ends a line. */
  readonly line: "\r\n" | "\n";
  /** Whose word counts where both fields say something. */
  readonly prefers: "length" | "chunks";
  /** Which of two fields of one name counts. */
  readonly takes: "first" | "last";
  /** Reads a field though blanks or bytes beyond letters surround its name, and a coding that only contains `chunked`. */
  readonly guesses: boolean;
}

export const READINGS: readonly Reading[] = (["\r\n", "\n"] as const).flatMap((line) =>
  (["length", "chunks"] as const).flatMap((prefers) =>
    (["first", "last"] as const).flatMap((takes) =>
      [false, true].map((guesses) => ({
        name: `${line === "\n" ? "bare LF" : "CRLF"}, ${prefers} win, ${takes} field${guesses ? ", guessing" : ""}`,
        line,
        prefers,
        takes,
        guesses,
      })),
    ),
  ),
);

export const PLAIN: Reading = { name: "plain", line: "\r\n", prefers: "chunks", takes: "first", guesses: false };

/** The complete requests at the front of the bytes, and where the rest begins. */
export function readRequests(bytes: string, reading: Reading): { requests: readonly ReadRequest[]; end: number } {
  const requests: ReadRequest[] = [];
  let end = 0;
  for (;;) {
    const read = readRequest(bytes, end, reading);
    if (read === undefined) return { requests, end };
    requests.push(read.request);
    ({ end } = read);
  }
}

function readRequest(
  bytes: string,
  start: number,
  reading: Reading,
): { request: ReadRequest; end: number } | undefined {
  const blank = reading.line === "\n" ? /\r?\n\r?\n/g : /\r\n\r\n/g;
  blank.lastIndex = start;
  const found = blank.exec(bytes);
  if (found === null) return undefined;
  const head = bytes.slice(start, found.index).split(reading.line === "\n" ? /\r?\n/ : "\r\n");
  const [method = "", target = ""] = (head[0] ?? "").split(" ");
  const from = found.index + found[0].length;
  const length = fieldOf(head, "content-length", reading);
  const coding = fieldOf(head, "transfer-encoding", reading);
  const chunked = coding !== undefined && (reading.guesses ? /chunked/i : /^chunked$/i).test(coding);
  const sized = length !== undefined && !(chunked && reading.prefers === "chunks");
  const body = sized
    ? readSized(bytes, from, length)
    : chunked
      ? readChunks(bytes, from, reading)
      : { text: "", end: from };
  return body === undefined ? undefined : { request: { method, target, head, body: body.text }, end: body.end };
}

function fieldOf(head: readonly string[], name: string, reading: Reading): string | undefined {
  const values: string[] = [];
  for (const line of head.slice(1)) {
    const colon = line.indexOf(":");
    const found = line.slice(0, colon).toLowerCase();
    if ((reading.guesses ? found.replaceAll(/[^a-z-]/g, "") : found) === name)
      values.push(line.slice(colon + 1).trim());
  }
  return reading.takes === "first" ? values[0] : values.at(-1);
}

function readSized(bytes: string, from: number, length: string): { text: string; end: number } | undefined {
  const end = from + (Number.parseInt(length, 10) || 0);
  return end > bytes.length ? undefined : { text: bytes.slice(from, end), end };
}

function readChunks(bytes: string, from: number, reading: Reading): { text: string; end: number } | undefined {
  let at = from;
  let text = "";
  for (;;) {
    const lineEnd = bytes.indexOf(reading.line, at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.slice(at, lineEnd), 16) || 0;
    at = lineEnd + reading.line.length;
    if (size === 0) break;
    if (at + size > bytes.length) return undefined;
    text += bytes.slice(at, at + size);
    at = bytes.indexOf(reading.line, at + size) + reading.line.length;
  }
  for (;;) {
    const lineEnd = bytes.indexOf(reading.line, at);
    if (lineEnd < 0) return undefined;
    const trailer = bytes.slice(at, lineEnd).trim();
    at = lineEnd + reading.line.length;
    if (trailer === "") return { text, end: at };
  }
}
