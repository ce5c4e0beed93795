/** How a border carries bytes, trailers and informational answers. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createConnection } from "node:net";
import { fieldValue } from "@tracemend/context";
import { expect } from "vitest";
import type { Behaviour } from "./behaviour.ts";
import { CHUNK, callHead, nextRequest, stallOf, waitFor } from "./behaviour.ts";
import { linesOf, readAll } from "./transport.ts";

export const STREAM_BEHAVIOURS: readonly Behaviour[] = [
  {
    name: "sends the head on before the first byte of the body",
    async run(rig) {
      const arrived = nextRequest(rig);
      const sent = rig.border.client.send({ method: "POST" });
      const { request, response } = await arrived;
      expect(request.method).toBe("POST");
      sent.end();
      await readAll(request);
      response.end();
      await readAll((await sent.answered, sent.body()));
    },
  },
  {
    name: "answers head first, and streams both ways at once",
    async run(rig) {
      rig.service.serve = (request, response) => {
        response.writeHead(200);
        response.flushHeaders();
        request.pipe(response);
      };
      const sent = rig.border.client.send({ method: "POST" });
      sent.write("one");
      await sent.answered;
      const body = sent.body();
      expect(String((await once(body, "data"))[0])).toBe("one");
      sent.write("two");
      expect(String((await once(body, "data"))[0])).toBe("two");
      sent.end();
      await once(body, "end");
    },
  },
  {
    name: "stalls a caller that sends faster than the upstream reads, and lets it go on",
    async run(rig) {
      const arrived = nextRequest(rig);
      const sent = rig.border.client.send({ method: "POST" });
      const { request, response } = await arrived;
      let written = 0;
      for (let turn = 0; turn < 1_000 && sent.write(CHUNK); turn += 1) written += CHUNK.length;
      // Sockets and windows on the way hold some megabytes at most; all that fits goes in while no one reads.
      const stalled = await stallOf(sent, () => (written += CHUNK.length));
      expect(stalled).toBe(true);
      let read = 0;
      request.on("data", (chunk: Buffer) => (read += chunk.length));
      await sent.drained();
      sent.end();
      await once(request, "end");
      expect(read).toBeGreaterThanOrEqual(written);
      response.end();
      await readAll((await sent.answered, sent.body()));
    },
  },
  {
    name: "stalls an upstream that answers faster than the caller reads, and lets it go on",
    async run(rig) {
      const arrived = nextRequest(rig);
      const sent = rig.border.client.send({ bare: true });
      const { response } = await arrived;
      response.writeHead(200);
      let written = 0;
      const write = (): boolean => {
        written += CHUNK.length;
        return response.write(CHUNK);
      };
      write();
      await sent.answered;
      const drained = () => new Promise<void>((resolve) => response.once("drain", resolve));
      expect(await stallOf({ write, drained }, () => undefined)).toBe(true);
      const body = sent.body();
      const whole = readAll(body);
      await drained();
      response.end();
      expect((await whole).length).toBe(written);
    },
  },
  {
    name: "carries trailers of requests and answers",
    async run(rig) {
      const arrived = nextRequest(rig);
      const sent = rig.border.client.send({ method: "POST", headers: { trailer: "x-sum", te: "trailers" } });
      sent.write("body");
      sent.end({ "x-sum": "1" });
      const { request, response } = await arrived;
      expect(String(await readAll(request))).toBe("body");
      expect(request.rawTrailers.map(String).join(":").toLowerCase()).toBe("x-sum:1");
      response.setHeader("trailer", "x-total");
      response.write("answer");
      response.addTrailers({ "x-total": "2" });
      response.end();
      await sent.answered;
      expect(String(await readAll(sent.body()))).toBe("answer");
      await sent.closed;
      expect(fieldValue(sent.trailers(), "x-total")).toBe("2");
    },
  },
  {
    name: "keeps the connection after HEAD",
    async run(rig) {
      rig.service.serve = (_request, response) => {
        response.setHeader("content-length", "5");
        response.end();
      };
      await callHead(rig);
      const before = rig.service.connections();
      for (let turn = 0; turn < 5; turn += 1) await callHead(rig);
      expect(rig.service.connections()).toBe(before);
    },
  },
  {
    name: "answers 100 Continue itself and does not pass the expectation on",
    async run(rig) {
      const arrived = nextRequest(rig);
      const sent = rig.border.client.send({
        method: "POST",
        headers: { expect: "100-continue", "content-length": "4" },
      });
      const { request, response } = await arrived;
      expect(fieldValue(linesOf(request), "expect")).toBeUndefined();
      expect((await sent.firstInformed).status).toBe(100);
      sent.write("body");
      sent.end();
      expect(String(await readAll(request))).toBe("body");
      response.end();
      await readAll((await sent.answered, sent.body()));
    },
  },
  {
    name: "passes early hints on",
    async run(rig) {
      rig.service.serve = (request, response) => {
        request.resume();
        response.writeEarlyHints({ link: "</style.css>; rel=preload" });
        response.end("ok");
      };
      for (const bare of [true, false]) {
        const sent = rig.border.client.send({ method: bare ? "GET" : "POST", bare });
        if (!bare) sent.end();
        await sent.answered;
        await readAll(sent.body());
        const hint = sent.informed.find(({ status }) => status === 103);
        expect(fieldValue(hint?.lines ?? [], "link")).toBe("</style.css>; rel=preload");
      }
    },
  },
  {
    name: "delivers an answer that comes before the request has ended",
    async run(rig) {
      const arrived = nextRequest(rig);
      const sent = rig.border.client.send({ method: "POST" });
      sent.write("first");
      const { response } = await arrived;
      const crossed = rig.border.crossing();
      response.writeHead(413);
      response.end("too much");
      expect((await sent.answered).status).toBe(413);
      expect(String(await readAll(sent.body()))).toBe("too much");
      expect(await crossed).toMatchObject({ status: 413, failure: undefined });
      sent.cancel();
    },
  },
  {
    name: "carries ten megabytes both ways unchanged",
    async run(rig) {
      rig.service.serve = (request, response) => void request.pipe(response);
      const sent = rig.border.client.send({ method: "POST" });
      const wrote = createHash("sha256");
      const answer = sent.answered.then(async () => readAll(sent.body()));
      for (let at = 0; at < 160; at += 1) {
        const chunk = Buffer.alloc(65_537, at);
        wrote.update(chunk);
        if (!sent.write(chunk)) await sent.drained();
      }
      sent.end();
      const body = await answer;
      expect(body.length).toBe(160 * 65_537);
      expect(createHash("sha256").update(body).digest("hex")).toBe(wrote.digest("hex"));
    },
  },
  {
    name: "tunnels WebSocket, and answers like any other where the upstream declines",
    only: ({ from, to }) => from === "h1" && (to === "h1" || to === "h1-tls"),
    async run(rig) {
      rig.service.upgrade = (_request, socket) => {
        socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello");
        socket.on("data", (chunk: Buffer) => void socket.write(`echo ${String(chunk)}`));
        socket.on("end", () => socket.end());
      };
      const crossed = rig.border.crossing();
      const socket = createConnection(rig.border.proxy.address.port, "127.0.0.1");
      socket.write("GET /chat HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      await waitFor(socket, "hello");
      socket.write("ping");
      await waitFor(socket, "echo ping");
      socket.end();
      expect(await crossed).toMatchObject({ status: 101, failure: undefined });

      rig.service.upgrade = (_request, refused) => {
        refused.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
      };
      const second = createConnection(rig.border.proxy.address.port, "127.0.0.1");
      second.write("GET /chat HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      const text = await waitFor(second, "no");
      expect(text).toMatch(/^HTTP\/1\.1 403 /);
      second.destroy();
    },
  },
];
