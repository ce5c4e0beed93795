import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import type {
  ClientHttp2Session,
  Http2Server,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Stream,
} from "node:http2";
import { connect, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createOutbound } from "../../src/index.ts";
import { PARENT_LINE, ingress, recordCalls, valuesOf } from "../peers.ts";

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

async function connectTo(server: Http2Server): Promise<ClientHttp2Session> {
  await once(server.listen(0, "localhost"), "listening");
  const session = connect(`http://localhost:${(server.address() as AddressInfo).port}`);
  opened.push(
    () => new Promise<void>((resolve) => server.close(() => resolve())),
    () => new Promise<void>((resolve) => session.close(resolve)),
  );
  return session;
}

it.each(["http2.client.stream.created", "http2.client.stream.start"])(
  "what is added to a head on the channel %s does not leave, so the wrapper has to",
  async (channel) => {
    const session = await connectTo(
      createServer((incoming, response) => response.end(String(incoming.headers["x-added"]))),
    );
    const heads: unknown[] = [];
    const add = (message: unknown): void => {
      const { headers } = message as { readonly headers: OutgoingHttpHeaders };
      headers["x-added"] = "1";
      heads.push(headers);
    };
    subscribe(channel, add);
    opened.push(() => unsubscribe(channel, add));
    const ask = async (): Promise<string> => {
      let text = "";
      for await (const chunk of session.request({ ":path": "/" })) text += String(chunk);
      return text;
    };
    // The first waits for the connection, the second finds it open.
    expect([await ask(), await ask()]).toEqual(["undefined", "undefined"]);
    expect(heads).toHaveLength(2);
  },
);

describe("node:http2", () => {
  it("carries a request's context over HTTP/2 in and out, and notices a stream that went without", async () => {
    const observed = recordCalls();
    const outbound = createOutbound({ boundary: ingress(), targets: ["localhost"], observer: observed });
    const backend = createServer((incoming, response) => response.end(JSON.stringify(incoming.rawHeaders)));
    const front = createServer();
    const behind = await connectTo(backend);
    const ahead = await connectTo(front);
    front.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      const path = String(headers[":path"]);
      const out =
        path === "/lost"
          ? behind.request({ ":path": "/" })
          : outbound.request(behind, { ":path": "/", ":authority": "localhost", "x-a": "1" });
      stream.respond({ ":status": 200 });
      out.pipe(stream);
    });
    opened.push(() => outbound.close());
    const ask = async (path: string): Promise<readonly string[]> => {
      let text = "";
      for await (const chunk of ahead.request({ ":path": path, traceparent: PARENT_LINE })) text += String(chunk);
      return JSON.parse(text) as readonly string[];
    };
    const left = await ask("/carried");
    expect(valuesOf(left, "traceparent")).toEqual([PARENT_LINE]);
    expect(valuesOf(left, "x-a")).toEqual(["1"]);
    expect(valuesOf(await ask("/lost"), "traceparent")).toEqual([]);
    expect(observed.calls).toMatchObject([
      { api: "http2", action: "carried", handling: { route: "/carried" } },
      { api: "http2", action: "reported", reason: "head-sealed", handling: { route: "/lost" }, path: "/" },
    ]);
  });
});
