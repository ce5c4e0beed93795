/** How exchanges end that do not end well, and how a border closes. */
import { once } from "node:events";
import { createConnection } from "node:net";
import { fieldValue } from "@tracemend/context";
import { expect } from "vitest";
import { createFakeClock } from "../support/clock.ts";
import type { Behaviour } from "./behaviour.ts";
import { CHUNK, TRACEPARENT, nextRequest, stallOf } from "./behaviour.ts";
import { isHttp2, isSecure, readAll } from "./transport.ts";

export const ENDING_BEHAVIOURS: readonly Behaviour[] = [
  {
    name: "tells no failure of a body that was answered in full, with a length and without",
    async run(rig) {
      for (const length of ["2", undefined]) {
        const arrived = nextRequest(rig);
        const sent = rig.border.client.send({ method: "POST" });
        sent.write("a body");
        sent.end();
        const { request, response } = await arrived;
        await readAll(request);
        const crossed = rig.border.crossing();
        if (length !== undefined) response.setHeader("content-length", length);
        response.end("ok");
        expect((await sent.answered).status).toBe(200);
        expect(String(await readAll(sent.body()))).toBe("ok");
        expect(await crossed).toMatchObject({ status: 200, failure: undefined });
      }
    },
  },
  {
    name: "tells the upstream when the caller gives up, be its request complete or not",
    async run(rig) {
      for (const bare of [true, false]) {
        const arrived = nextRequest(rig);
        const sent = rig.border.client.send({ method: "POST", bare });
        if (!bare) sent.write("x");
        const { request, response } = await arrived;
        request.resume();
        const gone = once(response, "close");
        const crossed = rig.border.crossing();
        sent.cancel();
        await gone;
        if (isHttp2(rig.pair.to)) expect(Reflect.get(response, "stream")).toMatchObject({ rstCode: 8 });
        else expect(response.writableFinished).toBe(false);
        expect(await crossed).toMatchObject({
          status: undefined,
          failure: { kind: "client-gone", side: "downstream" },
        });
      }
    },
  },
  {
    name: "says of a caller that stops to read an answer that it was the caller",
    async run(rig) {
      const clock = createFakeClock();
      const border = await rig.open({ clock, timeouts: { idleMs: 5_000 } });
      const arrived = nextRequest(rig);
      const crossed = border.crossing();
      const sent = border.client.send({ bare: true });
      const { response } = await arrived;
      response.writeHead(200);
      const write = (): boolean => response.write(CHUNK);
      write();
      await sent.answered;
      sent.body().on("error", () => undefined);
      const drained = () => new Promise<void>((resolve) => response.once("drain", resolve));
      expect(await stallOf({ write, drained }, () => undefined)).toBe(true);
      clock.advance(6_000);
      expect(await crossed).toMatchObject({ status: 200, failure: { kind: "client-stalled", side: "downstream" } });
    },
  },
  {
    name: "tells the upstream when the caller's connection ends, before an answer and within one",
    async run(rig) {
      for (const begun of [false, true]) {
        const border = await rig.open({});
        const arrived = nextRequest(rig);
        const crossed = border.crossing();
        const sent = border.client.send({ bare: true });
        const { response } = await arrived;
        const gone = once(response, "close");
        if (begun) {
          response.write("first");
          await sent.answered;
          sent.body().on("error", () => undefined);
          await once(sent.body(), "data");
        }
        border.client.close();
        await gone;
        expect(await crossed).toMatchObject({ failure: { kind: "client-gone", side: "downstream" } });
      }
    },
  },
  {
    name: "breaks the answer off where the upstream broke off, so that it cannot be taken for whole",
    async run(rig) {
      const arrived = nextRequest(rig);
      const sent = rig.border.client.send({ bare: true });
      const { response } = await arrived;
      response.write("half");
      await sent.answered;
      const body = sent.body();
      body.on("error", () => undefined);
      await once(body, "data");
      const crossed = rig.border.crossing();
      const stream: unknown = Reflect.get(response, "stream");
      // 11 is ENHANCE_YOUR_CALM.
      if (stream !== undefined) (stream as { close(code: number): void }).close(11);
      else response.destroy();
      body.resume();
      const code = await sent.closed;
      if (!isHttp2(rig.pair.from)) expect(code).toBe(-1);
      else expect(code).toBe(stream === undefined ? 2 : 11);
      const kind = stream === undefined ? "lost" : "reset";
      expect(await crossed).toMatchObject({ status: 200, failure: { kind, side: "upstream" } });
    },
  },
  {
    name: "answers 502 where the upstream cannot be reached, and finishes its span with the failure",
    async run(rig) {
      const border = await rig.open({ upstream: { url: isSecure(rig.pair.to) ? DEAD_SECURE : DEAD } });
      const crossed = border.crossing();
      const sent = border.client.send({ headers: { traceparent: TRACEPARENT }, bare: true });
      expect((await sent.answered).status).toBe(502);
      expect(String(await readAll(sent.body()))).toBe("upstream unreachable\n");
      expect(await crossed).toMatchObject({ status: 502, failure: { kind: "unreachable" }, upstream: undefined });
      expect(border.grants).toEqual({ given: 1, finished: 1, released: 0 });
      const call = border.client.send({ method: "POST", headers: { "content-type": "application/grpc" } });
      call.end();
      const { status, lines } = await call.answered;
      expect([status, fieldValue(lines, "grpc-status"), fieldValue(lines, "grpc-message")]).toEqual([
        200,
        "14",
        "upstream unreachable",
      ]);
      await readAll(call.body());
    },
  },
  {
    name: "answers 504 where the upstream does not answer in time",
    async run(rig) {
      const clock = createFakeClock();
      const border = await rig.open({ clock, timeouts: { answerMs: 5_000, idleMs: 9_000 } });
      for (const [type, waitMs] of [
        ["text/plain", 6_000],
        ["application/grpc", 12_000],
      ] as const) {
        const arrived = nextRequest(rig);
        const crossed = border.crossing();
        const sent = border.client.send({ headers: { "content-type": type }, bare: true });
        const { response } = await arrived;
        const gone = once(response, "close");
        clock.advance(waitMs);
        const { status, lines } = await sent.answered;
        if (type === "text/plain") expect(status).toBe(504);
        else expect([status, fieldValue(lines, "grpc-status")]).toEqual([200, "4"]);
        await readAll(sent.body());
        await gone;
        expect((await crossed).failure).toEqual({ kind: "answer-timeout", side: "upstream" });
      }
    },
  },
  {
    name: "does not cut a stream that lives on, however long, but one that has gone silent",
    async run(rig) {
      const clock = createFakeClock();
      const border = await rig.open({ clock, timeouts: { answerMs: 5_000, idleMs: 9_000 } });
      const arrived = nextRequest(rig);
      const sent = border.client.send({ bare: true });
      const { response } = await arrived;
      response.write("0");
      await sent.answered;
      const body = sent.body();
      body.on("error", () => undefined);
      await once(body, "data");
      for (let turn = 1; turn < 10; turn += 1) {
        clock.advance(8_000);
        response.write(String(turn));
        await once(body, "data");
      }
      const crossed = border.crossing();
      clock.advance(12_000);
      expect((await crossed).failure?.kind).toBe("idle-timeout");
      body.resume();
      expect(await sent.closed).not.toBe(0);
    },
  },
  {
    name: "finishes what is open when it closes, and takes nothing new",
    async run(rig) {
      const border = await rig.open({});
      const arrived = nextRequest(rig);
      const sent = border.client.send({ bare: true });
      const { response } = await arrived;
      const closed = border.proxy.close(AbortSignal.timeout(5_000));
      response.end("late");
      const { lines } = await sent.answered;
      expect(String(await readAll(sent.body()))).toBe("late");
      if (!isHttp2(rig.pair.from)) expect(fieldValue(lines, "connection")).toBe("close");
      await closed;
      const after = createConnection(border.proxy.address.port, "127.0.0.1");
      const [error] = (await once(after, "error")) as [NodeJS.ErrnoException];
      expect(error.code).toBe("ECONNREFUSED");
    },
  },
];

/** Port 1 of the loopback: nothing listens there. */
const DEAD = "http://127.0.0.1:1";
const DEAD_SECURE = "https://127.0.0.1:1";
