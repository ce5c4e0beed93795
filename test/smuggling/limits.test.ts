/** Limits on what a request may weigh, over both protocols, and what is left of those that exceed them. */
import { createServer } from "node:http";
import type { Server } from "node:http";
import { connect } from "node:http2";
import type { IncomingHttpHeaders } from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Field } from "../support/http2-frames.ts";
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  OPENING,
  errorCodeOf,
  fieldBlock,
  frame,
  headers,
  readFrames,
} from "../support/http2-frames.ts";
import { dialLenient } from "../support/lenient-peer.ts";
import type { Border } from "./border.ts";
import { openBorder } from "./border.ts";

let server: Server;
let border: Border;
/** Bodies that reached the service whole. */
let bodies: number[];
beforeEach(async () => {
  bodies = [];
  server = createServer((request, response) => {
    let bytes = 0;
    request.on("data", (chunk: Buffer) => (bytes += chunk.length));
    request.on("end", () => {
      bodies.push(bytes);
      response.end("ok");
    });
    request.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  border = await openBorder(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    limits: { headBytes: 8_192, targetBytes: 1_000, bodyBytes: 10_000 },
  });
});
afterEach(async () => {
  await border.close();
  server.closeAllConnections();
  server.close();
});

async function over1(bytes: string): Promise<string> {
  const caller = await dialLenient(border.port);
  caller.send(bytes);
  return caller.closed;
}

interface Told {
  readonly status: number | undefined;
  readonly grpc: string | undefined;
  readonly code: number | undefined;
}

async function over2(fields: Readonly<Record<string, string>>, body?: Buffer): Promise<Told> {
  const session = connect(`http://127.0.0.1:${border.port}`);
  const stream = session.request({ ":authority": "a", ...fields }, { endStream: body === undefined });
  stream.on("error", () => undefined);
  let head: IncomingHttpHeaders & { ":status"?: number | undefined } = {};
  stream.on("response", (told) => (head = told));
  stream.resume();
  if (body !== undefined) stream.end(body);
  await new Promise((resolve) => stream.once("close", resolve));
  session.destroy();
  return { status: head[":status"], grpc: head["grpc-status"]?.toString(), code: stream.rstCode };
}

describe("a target beyond its limit", () => {
  it("is refused with 414 and recorded", async () => {
    const path = `/${"x".repeat(1_000)}`;
    expect(await over1(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)).toMatch(/^HTTP\/1\.1 414 .*target too long\n$/s);
    expect(await over2({ ":path": path })).toMatchObject({ status: 414 });
    expect(border.crossings.map(({ failure }) => failure?.kind)).toEqual(["target-too-long", "target-too-long"]);
    expect(bodies).toEqual([]);
  });
});

describe("a head beyond its limit", () => {
  it("is refused with 431, over HTTP/1.1 with a refusal and over HTTP/2 with a crossing", async () => {
    const value = "y".repeat(9_000);
    const told = border.refusal();
    expect(await over1(`GET / HTTP/1.1\r\nHost: a\r\nX: ${value}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
    expect(await told).toMatchObject({ kind: "head-too-large", status: 431, detail: "a head that is too large" });
    expect(await over2({ x: value })).toMatchObject({ status: 431 });
    expect(border.crossings).toHaveLength(1);
    expect(border.crossings[0]).toMatchObject({ status: 431, failure: { kind: "head-too-large" } });
    expect(bodies).toEqual([]);
  });

  it("is counted with what each of its lines costs", async () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`x${at}`, "1"]));
    expect(await over2(many)).toMatchObject({ status: 431 });
    expect(bodies).toEqual([]);
  });

  it("costs its stream where it is far beyond, and no other", async () => {
    const fields: readonly Field[] = [
      [":method", "GET"],
      [":scheme", "http"],
      [":authority", "a"],
      [":path", "/"],
    ];
    const block = fieldBlock([...fields, ["x", "y".repeat(30_000)]]);
    const caller = await dialLenient(border.port);
    caller.send(OPENING);
    await caller.when((bytes) => readFrames(bytes).some(({ type }) => type === FRAME.settings));
    const pieces = frame(FRAME.headers, END_STREAM, 1, block.slice(0, 16_000));
    caller.send(pieces + frame(FRAME.continuation, END_HEADERS, 1, block.slice(16_000)) + headers(3, fields));
    const received = await caller.until("ok");
    const resets = readFrames(received).filter(({ type }) => type === FRAME.reset);
    // ENHANCE_YOUR_CALM.
    expect(resets.map((told) => [told.stream, errorCodeOf(told)])).toEqual([[1, 11]]);
    caller.socket.destroy();
  });
});

describe("a body beyond its limit", () => {
  const body = Buffer.alloc(20_000, "x");

  it("is refused with 413 where it says its length, and the caller can read so however much it sends", async () => {
    const sized = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n${"x".repeat(2_000_000)}`;
    expect(await over1(sized)).toMatch(/^HTTP\/1\.1 413 .*body too large\n$/s);
    expect(await over2({ ":method": "POST", "content-length": "20000" }, body)).toMatchObject({ status: 413 });
    const call = { ":method": "POST", "content-type": "application/grpc", "content-length": "20000" };
    expect(await over2(call, body)).toMatchObject({ status: 200, grpc: "8" });
    expect(border.crossings.map(({ failure }) => failure?.kind)).toEqual(Array(3).fill("body-too-large"));
    expect(bodies).toEqual([]);
  });

  it("is broken off toward the service where it does not say its length", async () => {
    const chunked = `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4e20\r\n${String(body)}\r\n0\r\n\r\n`;
    expect(await over1(chunked)).toMatch(/^HTTP\/1\.1 413 /);
    expect(await over2({ ":method": "POST" }, body)).toMatchObject({ status: 413 });
    expect(bodies).toEqual([]);
  });

  it("passes where it is within", async () => {
    expect(await over2({ ":method": "POST" }, body.subarray(0, 10_000))).toMatchObject({ status: 200 });
    expect(bodies).toEqual([10_000]);
  });
});
