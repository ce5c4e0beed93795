import { once } from "node:events";
import { connect, createServer } from "node:http2";
import type { ServerHttp2Stream } from "node:http2";
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

it.each([
  ["14", "ejected", 3],
  ["5", "healthy", 10],
])("an endpoint that answers calls with status %s is %s", async (status, state, calls) => {
  const [troubled, well] = [await startService(status), await startService("0")];
  const endpoints = [troubled.address, well.address];
  const proxy = await createProxy({
    boundary: defineBoundary({ name: "edge", side: "ingress", cluster: "eu-1" }),
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
    const call = session.request({
      ":method": "POST",
      ":path": "/a.B/C",
      "content-type": "application/grpc",
      te: "trailers",
    });
    call.end();
    const [head] = await once(call, "response");
    expect(["0", status]).toContain((head as Record<string, unknown>)["grpc-status"]);
    call.resume();
    await once(call, "close");
  }
  expect(troubled.calls.count).toBe(calls);
  expect(well.calls.count).toBe(20 - calls);
  const [upstream] = proxy.upstreams();
  expect(upstream?.endpoints.find(({ address }) => address === troubled.address)?.state).toBe(state);
});
