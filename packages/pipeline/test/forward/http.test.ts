import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { batchOf, eventually, never, rowOf } from "../batches.ts";
import { closers, destinationOf, start, startSink } from "../harness.ts";

describe("the HTTP forward", () => {
  test("posts below the path of its endpoint, with the headers given", async () => {
    const requests: string[] = [];
    const { endpoint } = await serveRaw((head) => {
      requests.push(head);
      return "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    });
    const { pipeline } = start({
      destinations: [
        {
          name: "a",
          endpoint: `${endpoint}/otlp/`,
          protocol: "http/protobuf",
          batch: { maxAgeMs: 0 },
          headers: { "X-Tenant": "shop" },
        },
      ],
    });
    await pipeline.accept(batchOf("logs", 2), never);
    await pipeline.close(never);
    expect(requests[0]).toMatch(/^POST \/otlp\/v1\/logs HTTP\/1\.1\r\n/);
    expect(requests[0]).toContain("\r\nx-tenant: shop\r\n");
    expect(requests[0]).toContain("\r\ncontent-type: application/x-protobuf\r\n");
    expect(rowOf(pipeline.ledger(), "a", "logs")).toMatchObject({ exported: 2 });
  });

  test("gives up at once when the peer asks for more time than is left", async () => {
    const sink = await startSink();
    const { pipeline, seen } = start({
      destinations: [
        destinationOf(sink, "http/protobuf", { retry: { initialIntervalMs: 1, maxElapsedTimeMs: 5_000 } }),
      ],
    });
    sink.answer({ kind: "busy", retryAfterSeconds: 10 });
    await pipeline.accept(batchOf("traces", 1), never);
    // Ten seconds are past the limit of five, so it gives up without a second try.
    await seen("dropped");
    expect(sink.attempts).toBe(1);
    expect(pipeline.destinations()[0]?.reachable).toBe(true);
  });

  test("a server that closes idle connections stays reachable", async () => {
    const sockets: Socket[] = [];
    const { endpoint, connections } = await serveRaw(() => "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", sockets);
    const { pipeline, seen } = start({ destinations: [{ name: "a", endpoint, protocol: "http/protobuf" }] });
    await seen("reachable");
    for (let round = 1; round <= 3; round++) {
      await eventually(() => connections() === round);
      sockets.at(-1)?.end();
      expect(pipeline.destinations()[0]?.reachable).toBe(true);
    }
    await eventually(() => connections() === 4);
    expect(pipeline.destinations()[0]).toMatchObject({ reachable: true, lastFailure: undefined });
  });

  test("an answer without end is not read without end", async () => {
    const { endpoint } = await serveRaw(
      () => `HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n${"a".repeat(5_000_000)}`,
    );
    const { pipeline, seen } = start({
      destinations: [
        { name: "a", endpoint, protocol: "http/protobuf", batch: { maxAgeMs: 0 }, retry: { maxElapsedTimeMs: 1_000 } },
      ],
    });
    await pipeline.accept(batchOf("traces", 1), never);
    expect(await seen("unreachable")).toMatchObject({ message: "an answer of more than 4194304 bytes" });
  });
});

/** A server that answers each request head with the same bytes. */
async function serveRaw(answer: (head: string) => string, sockets: Socket[] = []) {
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    sockets.push(socket);
    socket.on("error", () => {});
    socket.once("data", (bytes) => void socket.write(answer(bytes.toString("latin1"))));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => count };
}
