/** A service that believes all it is told: answers each request with its target, and keeps every byte for other readings. */
import type { ReadRequest } from "../support/lenient-readings.ts";
import { PLAIN, READINGS, readRequests } from "../support/lenient-readings.ts";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

export interface LenientService {
  readonly url: string;
  /** Every complete request by the plain reading, in the order they came. */
  readonly requests: ReadRequest[];
  /** Every byte of every connection. */
  bytes(): readonly string[];
  /** Readings that see other requests than the plain one in the same bytes. */
  disagreements(): readonly string[];
  close(): Promise<void>;
}

export async function startLenientService(): Promise<LenientService> {
  const requests: ReadRequest[] = [];
  const streams = new Map<Socket, string>();
  const server = createServer((socket) => {
    let answered = 0;
    streams.set(socket, "");
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      const bytes = (streams.get(socket) ?? "") + chunk.toString("latin1");
      streams.set(socket, bytes);
      const read = readRequests(bytes, PLAIN).requests;
      for (const request of read.slice(answered)) {
        requests.push(request);
        const body = request.method === "HEAD" ? "" : request.target;
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${request.target.length}\r\n\r\n${body}`, "latin1");
      }
      answered = read.length;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    bytes: () => [...streams.values()].filter((bytes) => bytes !== ""),
    disagreements: () =>
      [...streams.values()].flatMap((bytes) => {
        const plain = JSON.stringify(readRequests(bytes, PLAIN).requests);
        return READINGS.filter((reading) => JSON.stringify(readRequests(bytes, reading).requests) !== plain).map(
          ({ name }) => `${name}: ${JSON.stringify(bytes)}`,
        );
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of streams.keys()) socket.destroy();
      }),
  };
}

/** Request line, fields by name and without `Connection`, an empty line where a body follows. */
export function spell({ head, body }: ReadRequest): string {
  const fields = head
    .slice(1)
    .map((line) => line.slice(0, line.indexOf(":")).toLowerCase() + line.slice(line.indexOf(":")))
    .filter((line) => !line.startsWith("connection:"))
    .sort();
  return [head[0] ?? "", ...fields, ...(body === "" ? [] : ["", body])].join("\n");
}
