import { once } from "node:events";
import { connect, createServer } from "node:http2";
import type { ClientHttp2Session, ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { defineBoundary } from "@tracemend/context";
import { expect, it, onTestFinished } from "vitest";
import { createProxy } from "../../src/index.ts";

/** Answers every call with this status, alone in its head. */
async function startService(status: string) {
  const server = createServer();
  const calls = { count: 0 };
  server.on("stream", (stream: ServerHttp2Stream) => {
    calls.count += 1;
    stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": status }, { endStream: true });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { calls, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function call(session: ClientHttp2Session): Promise<unknown> {
  const stream = session.request({
    ":method": "POST",
    ":path": "/a.B/C",
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.end();
  const [head] = await once(stream, "response");
  stream.resume();
  await once(stream, "close");
  return (head as Record<string, unknown>)["grpc-status"];
}

const boundary = defineBoundary({ name: "edge", side: "ingress", cluster: "eu-1" });

it("a mirror's endpoint is left out for what a request's is", async () => {
  const [main, troubled, well] = [await startService("0"), await startService("14"), await startService("0")];
  let mirrored: (() => void) | undefined;
  const proxy = await createProxy({
    boundary,
    listen: {},
    routes: [
      {
        upstream: { name: "svc", url: `http://${main.address}`, protocol: "h2" },
        mirror: {
          upstream: {
            name: "shadow",
            url: `http://${well.address}`,
            protocol: "h2",
            endpoints: [troubled.address, well.address],
            ejection: { failures: 3 },
          },
        },
      },
    ],
    observer: { crossed: () => undefined, mirrored: () => mirrored?.() },
  });
  onTestFinished(() => proxy.close(AbortSignal.abort()));
  const session = connect(`http://127.0.0.1:${proxy.address.port}`);
  onTestFinished(() => session.destroy());
  for (let count = 0; count < 12; count += 1) {
    const copied = new Promise<void>((resolve) => (mirrored = resolve));
    await call(session);
    await copied;
  }
  const shadow = proxy.upstreams().find(({ name }) => name === "shadow");
  expect(shadow?.endpoints.find(({ address }) => address === troubled.address)?.state).toBe("ejected");
  expect([troubled.calls.count, well.calls.count]).toEqual([3, 9]);
});

it.each([
  ["14", "ejected", 3],
  ["5", "healthy", 10],
])("an endpoint that answers calls with status %s is %s", async (status, state, calls) => {
  const [troubled, well] = [await startService(status), await startService("0")];
  const endpoints = [troubled.address, well.address];
  const proxy = await createProxy({
    boundary,
    listen: {},
    routes: [
      {
        upstream: { name: "svc", url: `http://${well.address}`, protocol: "h2", endpoints, ejection: { failures: 3 } },
      },
    ],
  });
  onTestFinished(() => proxy.close(AbortSignal.abort()));
  const session = connect(`http://127.0.0.1:${proxy.address.port}`);
  onTestFinished(() => session.destroy());
  for (let count = 0; count < 20; count += 1) {
    expect(["0", status]).toContain(await call(session));
  }
  expect(troubled.calls.count).toBe(calls);
  expect(well.calls.count).toBe(20 - calls);
  const [upstream] = proxy.upstreams();
  expect(upstream?.endpoints.find(({ address }) => address === troubled.address)?.state).toBe(state);
});
