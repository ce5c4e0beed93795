/** What is measured: the rows of the table, each as a request that the load sends again and again. */
import { STREAM, STREAMED, UNARY } from "./origin.ts";

/** Which of a proxy's listeners a row goes to. */
export type Entry = "http" | "tls" | "grpc";

export interface Row {
  readonly name: string;
  readonly entry: Entry;
  readonly path: string;
  readonly fields: readonly (readonly [string, string])[];
  /** Sent with POST; undefined: GET. */
  readonly body: Buffer | undefined;
  /** Per round. */
  readonly requests: number;
  readonly connections: number;
  /** Open at once on one connection. */
  readonly streams: number;
}

export const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
export const REQUEST_ID = "6f1d2c3b-4a59-4877-8691-a0b1c2d3e4f5";

/** A browser's request behind one gateway. */
const FIELDS = [
  ["user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"],
  ["accept", "application/json, text/plain, */*"],
  ["accept-encoding", "gzip, deflate, br, zstd"],
  ["accept-language", "en-GB,en;q=0.9"],
  ["cookie", "session=0123456789abcdef0123456789abcdef; theme=dark"],
  ["x-forwarded-for", "203.0.113.7"],
  ["x-forwarded-proto", "https"],
  ["x-request-id", REQUEST_ID],
  ["traceparent", TRACEPARENT],
  ["tracestate", "vendor=00f067aa0ba902b7"],
] as const;

const GRPC_FIELDS = [
  ["content-type", "application/grpc"],
  ["te", "trailers"],
  ["user-agent", "grpc-node-js/1.13.0"],
  ["traceparent", TRACEPARENT],
] as const;

/** A message of gRPC with its prefix of five bytes. */
export function grpcMessage(bytes: number): Buffer {
  const message = Buffer.alloc(5 + bytes, "x");
  message.writeUInt8(0, 0);
  message.writeUInt32BE(bytes, 1);
  return message;
}

const post = (bytes: number): Pick<Row, "path" | "fields" | "body"> => ({
  path: "/echo",
  fields: [...FIELDS, ["content-type", "application/json"]],
  body: Buffer.alloc(bytes, "x"),
});
const http = { entry: "http", connections: 32, streams: 1 } as const;
const grpc = { entry: "grpc", fields: GRPC_FIELDS, body: grpcMessage(100), connections: 8, streams: 4 } as const;

export const ROWS: readonly Row[] = [
  {
    name: "HTTP/1.1 GET, small",
    ...http,
    path: "/items/42?view=full",
    fields: FIELDS,
    body: undefined,
    requests: 24_000,
  },
  { name: "HTTP/1.1 POST, 200 bytes", ...http, ...post(200), requests: 24_000 },
  { name: "HTTP/1.1 POST, 64 KiB each way", ...http, ...post(65_536), requests: 3_000 },
  {
    name: "HTTP/1.1 GET over TLS",
    ...http,
    entry: "tls",
    path: "/items/42",
    fields: FIELDS,
    body: undefined,
    requests: 16_000,
  },
  { name: "h2c gRPC, unary", ...grpc, path: UNARY, requests: 8_000 },
  { name: `h2c gRPC, ${STREAMED} messages streamed`, ...grpc, path: STREAM, requests: 1_500 },
];

/** The rows whose name holds one of the words; all where there are none. */
export function chosenRows(words: readonly string[]): readonly Row[] {
  if (words.length === 0) return ROWS;
  const chosen = ROWS.filter(({ name }) => words.some((word) => name.toLowerCase().includes(word.toLowerCase())));
  if (chosen.length === 0)
    throw new TypeError(`no row holds ${words.join(" or ")}: ${ROWS.map(({ name }) => name).join(", ")}`);
  return chosen;
}
