/** CONNECT over HTTP/2: a tunnel on each stream. */
import { once } from "node:events";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { connect } from "node:http2";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { END_HEADERS, OPENING, headers, reset } from "../support/http2-frames.ts";
import type { LenientConnection } from "../support/lenient-peer.ts";
import { dialLenient } from "../support/lenient-peer.ts";
import type { TunnelRig } from "./connect-rig.ts";
import { TUNNEL, openTunnels, readAll } from "./connect-rig.ts";

let rig: TunnelRig;
let session: ClientHttp2Session;
beforeEach(async () => {
  rig = await openTunnels();
  session = connect(`http://127.0.0.1:${rig.border.port}`);
});
afterEach(async () => {
  session.destroy();
  await rig.close();
});

async function begin2(): Promise<{ stream: ClientHttp2Stream; service: LenientConnection }> {
  const next = rig.peer.next();
  const stream = session.request({ ":method": "CONNECT", ":authority": TUNNEL });
  const [head] = (await once(stream, "response")) as [Record<string, unknown>];
  expect(head[":status"]).toBe(200);
  return { stream, service: await next };
}

describe("CONNECT over HTTP/2", () => {
  it("opens a tunnel on its stream, each side of which ends for itself", async () => {
    const crossed = rig.border.crossing();
    const { stream, service } = await begin2();
    service.socket.allowHalfOpen = true;
    stream.end("hello");
    await once(service.socket, "end");
    expect(service.received()).toBe("hello");
    service.send("welcome");
    service.socket.end();
    expect(await readAll(stream)).toBe("welcome");
    expect(await crossed).toMatchObject({
      protocol: "h2",
      method: "CONNECT",
      path: "",
      status: 200,
      failure: undefined,
    });
  });

  it("is reset where the service resets", async () => {
    const { stream, service } = await begin2();
    const closed = new Promise((resolve) => stream.once("close", () => resolve(stream.rstCode)));
    stream.on("error", () => undefined);
    service.socket.resetAndDestroy();
    expect(await closed).not.toBe(0);
  });

  it("resets the service where the caller resets its stream", async () => {
    const next = rig.peer.next();
    const caller = await dialLenient(rig.border.port);
    caller.send(
      OPENING +
        headers(
          1,
          [
            [":method", "CONNECT"],
            [":authority", TUNNEL],
          ],
          END_HEADERS,
        ),
    );
    const service = await next;
    const code = new Promise((resolve) =>
      service.socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code)),
    );
    const crossed = rig.border.crossing();
    // A client of Node's ends a stream before it resets it.
    caller.send(reset(1, 8));
    expect(await code).toBe("ECONNRESET");
    expect(await crossed).toMatchObject({ failure: { side: "downstream" } });
    caller.socket.destroy();
  });

  it("carries many tunnels on one connection beside each other", async () => {
    const answers = Array.from({ length: 20 }, (_, at) => {
      const stream = session.request({ ":method": "CONNECT", ":authority": TUNNEL });
      stream.end(`from ${at}`);
      return readAll(stream);
    });
    const answered = new Set<LenientConnection>();
    while (answered.size < answers.length) {
      for (const connection of rig.peer.connections) {
        if (answered.has(connection)) continue;
        answered.add(connection);
        connection.socket.allowHalfOpen = true;
        connection.socket.once("end", () => connection.socket.end(connection.received()));
      }
      if (answered.size < answers.length) await rig.peer.next();
    }
    expect(await Promise.all(answers)).toEqual(answers.map((_, at) => `from ${at}`));
  });
});
