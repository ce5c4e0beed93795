import { once } from "node:events";
import { createServer } from "node:http2";
import type { ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closeAtEnd } from "../../../../test/support/close-at-end.ts";
import { nodePlane } from "../../src/plane/node-plane.ts";
import { completeEngine } from "../../src/options.ts";
import { healthRequest, servingStatus } from "../../src/upstream/grpc-health.ts";
import { completeUpstream } from "../../src/upstream/options.ts";
import { Service } from "../../src/upstream/service.ts";

const message = (...bytes: readonly number[]) => Uint8Array.from([0, 0, 0, 0, bytes.length, ...bytes]);

describe("a question after health", () => {
  it("names the service, or none", () => {
    expect([...healthRequest("")]).toEqual([...message()]);
    expect([...healthRequest("a.B")]).toEqual([...message(0x0a, 3, 0x61, 0x2e, 0x42)]);
    expect([...healthRequest("x".repeat(200)).subarray(5, 8)]).toEqual([0x0a, 0xc8, 0x01]);
  });

  it.each<[string, Uint8Array, number | undefined]>([
    ["SERVING", message(8, 1), 1],
    ["NOT_SERVING", message(8, 2), 2],
    ["nothing, which is UNKNOWN", message(), 0],
    ["SERVING behind fields of later versions", message(0x12, 2, 7, 7, 0x18, 0xac, 2, 8, 1), 1],
    ["a compressed message", Uint8Array.from([1, 0, 0, 0, 2, 8, 1]), undefined],
    ["a message cut short", Uint8Array.from([0, 0, 0, 0, 3, 8, 1]), undefined],
    ["a number without end", message(8, 0x80), undefined],
    ["a field beyond the end", message(0x12, 9, 1), undefined],
    ["less than a prefix", Uint8Array.from([0, 0, 0]), undefined],
  ])("is answered with %s", (_what, bytes, status) => {
    expect(servingStatus(bytes)).toBe(status);
  });

  it("is answered with a number or nothing, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const status = servingStatus(message(...bytes));
        expect(status === undefined || Number.isInteger(status)).toBe(true);
      }),
    );
  });
});

/** A gRPC server whose health service says what `status` is; undefined: it has no such service. */
async function startHealth(state: { status: number | undefined }) {
  const asked: string[] = [];
  const server = createServer();
  server.on("stream", (stream: ServerHttp2Stream, fields) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.once("end", () => {
      asked.push(`${fields[":path"]} ${Buffer.concat(chunks).subarray(7).toString()}`);
      const head = { ":status": 200, "content-type": "application/grpc" };
      if (state.status === undefined) return stream.respond({ ...head, "grpc-status": "12" }, { endStream: true });
      stream.respond(head, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(message(8, state.status));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closeAtEnd(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

describe("an upstream whose health is asked over gRPC", () => {
  it("is well while it says SERVING, and fails open where nobody does", async () => {
    const state: { status: number | undefined } = { status: 1 };
    const { url, asked } = await startHealth(state);
    const engine = completeEngine({});
    const health = { grpc: "shop.Cart", intervalMs: 10, healthyAfter: 1, unhealthyAfter: 1 };
    const settings = completeUpstream({ name: "svc", url, protocol: "h2", health }, "upstream", engine);
    const resolver = {
      addresses: () => Promise.reject(new Error("none")),
      services: () => Promise.reject(new Error("none")),
    };
    const service = new Service(settings, { plane: nodePlane, engine, random: Math.random, resolver });
    closeAtEnd(() => service.close(AbortSignal.abort()));
    const states = () => service.state().endpoints.map((endpoint) => endpoint.state);
    await expect.poll(() => asked.length).toBeGreaterThan(1);
    expect(asked[0]).toBe("/grpc.health.v1.Health/Check shop.Cart");
    expect(states()).toEqual(["healthy"]);
    for (const status of [2, 1, 3, 1, undefined, 1]) {
      state.status = status;
      await expect.poll(states).toEqual([status === 1 ? "healthy" : "unhealthy"]);
      expect(service.pick([])).toBeDefined();
    }
  });
});
