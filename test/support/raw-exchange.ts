/** HTTP/1.1 as bytes: heads with duplicates and cases that no client library would send, and answers as they came. */
import { once } from "node:events";
import type { RequestListener } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { connect } from "node:net";
import type { FieldLines } from "@tracemend/context";

export interface Served {
  readonly port: number;
  readonly url: string;
  /** Sends one request with these lines and gives the whole answer, head and body, once the server closed. */
  readonly raw: (lines: readonly string[], request?: RawRequest) => Promise<string>;
  /** A connection with a request sent; the test ends it. */
  readonly open: (lines: readonly string[], target?: string) => Socket;
  readonly close: () => Promise<void>;
}

export interface RawRequest {
  /** Default `/`. */
  readonly target?: string;
  /** Default `GET`, with a body `POST`. */
  readonly method?: string;
  readonly body?: string;
}

/** Serves the listener on a port of its own. */
export async function serveOnSocket(listener: (...handled: Parameters<RequestListener>) => unknown): Promise<Served> {
  const server = createServer((request, response) => void listener(request, response));
  // Some tests call a thousand times at once, more than Node lets wait for a busy process.
  server.listen({ port: 0, host: "127.0.0.1", backlog: 2048 });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    raw: (lines, request) => exchangeRaw(port, lines, request),
    open: (lines, target = "/") => send(port, [`GET ${target} HTTP/1.1`, "Host: shop", ...lines, "", ""].join("\r\n")),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Sends one request with these lines, `Name: value` each, and gives the whole answer once the server closed. */
export async function exchangeRaw(
  port: number,
  lines: readonly string[],
  { target = "/", body, method = body === undefined ? "GET" : "POST" }: RawRequest = {},
): Promise<string> {
  const length = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const head = [`${method} ${target} HTTP/1.1`, "Host: shop", "Connection: close", ...length, ...lines];
  const socket = send(port, `${head.join("\r\n")}\r\n\r\n${body ?? ""}`);
  let answer = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    answer += text;
  });
  await once(socket, "close");
  return answer;
}

function send(port: number, head: string): Socket {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(head);
  return socket;
}

/** Name, value, name, value … as lines to send. */
export function toRawLines(lines: FieldLines): readonly string[] {
  return lines.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${lines[at + 1]}`] : []));
}

/** The body of an answer as `raw` gives it, as JSON. */
export function jsonOf(answer: string): unknown {
  return JSON.parse(bodyOf(answer));
}

/** The body of an answer with a content length. */
export function bodyOf(answer: string): string {
  return answer.slice(answer.indexOf("\r\n\r\n") + 4);
}

/** Every value of a field of the answer's head. */
export function fieldsOf(answer: string, name: string): readonly string[] {
  return answer
    .slice(0, answer.indexOf("\r\n\r\n"))
    .split("\r\n")
    .filter((line) => line.toLowerCase().startsWith(`${name}:`))
    .map((line) => line.slice(name.length + 1).trim());
}
