/** A called service on a port of the kernel's choice, with what it was asked. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface HttpService {
  /** `host:port`. */
  readonly key: string;
  readonly url: string;
  /** Requests in the order they came. */
  readonly asked: IncomingMessage[];
  /** Connections that were opened to it. */
  readonly connections: () => number;
  close(): Promise<void>;
}

export async function startService(
  serve: (request: IncomingMessage, response: ServerResponse, count: number) => void,
): Promise<HttpService> {
  const asked: IncomingMessage[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    asked.push(request);
    request.resume();
    serve(request, response, asked.length);
  });
  server.on("connection", () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    key: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}`,
    asked,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A port that nobody listens on. */
export async function deadKey(): Promise<string> {
  const service = await startService(() => undefined);
  await service.close();
  return service.key;
}
