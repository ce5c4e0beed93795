import { once } from "node:events";
import { get } from "node:http";
import { get as getSecure } from "node:https";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { fieldValue } from "@tracemend/context";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePorts } from "../../examples/two-clusters/ports.ts";
import { createAuthority } from "../support/certificates.ts";
import type { RunningPeer } from "../support/peer.ts";
import { peerOrReason, startPeer } from "../support/peer.ts";
import type { ProgramProcess } from "../support/program.ts";
import { startProgram } from "../support/program.ts";
import type { RecordingUpstream } from "../support/upstream.ts";
import { startUpstream } from "../support/upstream.ts";

const authority = await createAuthority();
const { cert, key } = await authority.issue(["localhost"]);
const haproxy = peerOrReason("haproxy");

let upstream: RecordingUpstream;
let program: ProgramProcess;
beforeAll(async () => {
  upstream = await startUpstream();
  const rest = `side: ingress, listen: "127.0.0.1:0", forwarding: { x_forwarded: true }, routes: [{ upstream: service }]`;
  program = await startProgram(
    `
cluster: eu-1
boundaries:
  - { name: plain, proxy_protocol: { trusted: [127.0.0.1] }, ${rest} }
  - { name: secure, proxy_protocol: { trusted: [127.0.0.1/32], timeout_ms: 2000 }, tls: { cert_file: c.pem, key_file: k.pem }, ${rest} }
upstreams:
  service: { url: "${upstream.url}" }
admin: { listen: "127.0.0.1:0" }
`,
    { "c.pem": cert, "k.pem": key },
  );
});
afterAll(async () => {
  await program.stop();
  await upstream.close();
});

const portOf = (listener: string) => Number(new URL(program.url(listener)).port);

describe("HAProxy in front of a boundary", () => {
  it.skipIf(haproxy === undefined).each([
    ["plain", "send-proxy"],
    ["plain", "send-proxy-v2"],
    ["secure", "send-proxy"],
    ["secure", "send-proxy-v2 proxy-v2-options unique-id"],
  ])("names its client: %s, %s", async (boundary, options) => {
    const { port } = await freePorts(["port"]);
    const text = `
defaults
  mode tcp
  timeout connect 5s
  timeout client 5s
  timeout server 5s
  unique-id-format %pid
listen all
  bind 127.0.0.1:${port}
  server boundary 127.0.0.1:${portOf(`boundary ${boundary}`)} ${options}
`;
    const running: RunningPeer = await startPeer(
      "haproxy",
      { file: "h.cfg", text },
      (file) => ["-db", "-f", file],
      port,
    );
    const secure = boundary === "secure";
    const asked = (secure ? getSecure : get)({
      host: "127.0.0.1",
      port,
      localAddress: "127.0.0.2",
      agent: false,
      ...(secure ? { ca: authority.ca, servername: "localhost" } : {}),
    });
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    answer.resume();
    expect(answer.statusCode).toBe(200);
    expect(fieldValue(upstream.heads.at(-1) ?? [], "x-forwarded-for")).toBe("127.0.0.2");
    await running.stop();
  });

  it("ends whoever brings no header, and counts it", async () => {
    const socket = connect(portOf("boundary plain"), "127.0.0.1");
    socket.on("error", () => undefined);
    const before = upstream.heads.length;
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await once(socket, "close");
    expect(upstream.heads).toHaveLength(before);
    const { text } = await program.page("/metrics");
    expect(text).toMatch(/^tracemend_refused_callers_total\{boundary="plain",reason="proxy-header"\} [1-9]/m);
  });
});
