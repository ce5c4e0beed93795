/** A called service that answers every request and remembers the raw header lines it was sent. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fieldValues } from "@tracemend/context";

export interface RecordingUpstream {
  readonly url: string;
  /** The raw header lines of every request, in the order they arrived. */
  readonly heads: readonly (readonly string[])[];
  /** Every `traceparent` value of the last request. */
  lastTraceparents(): readonly string[];
  close(): Promise<void>;
}

export async function startUpstream(): Promise<RecordingUpstream> {
  const heads: (readonly string[])[] = [];
  const server = createServer((request, response) => {
    heads.push(request.rawHeaders);
    request.resume();
    response.end("ok");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heads,
    lastTraceparents: () => fieldValues(heads.at(-1) ?? [], "traceparent"),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
