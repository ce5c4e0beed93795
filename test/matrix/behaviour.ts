/** What a behaviour is, and the steps that many of them take. */
import { once } from "node:events";
import { fieldValue } from "@tracemend/context";
import { expect } from "vitest";
import type { Pair, Rig } from "./rig.ts";
import type { Incoming, Outgoing, Sent } from "./transport.ts";
import { linesOf, readAll } from "./transport.ts";

export interface Behaviour {
  readonly name: string;
  /** Absent: every pair. */
  readonly only?: (pair: Pair) => boolean;
  run(rig: Rig): Promise<void>;
}

export const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
export const PARENT = "00f067aa0ba902b7";
export const TRACEPARENT = `00-${TRACE}-${PARENT}-01`;
export const CHUNK: Buffer = Buffer.alloc(64 * 1024, "x");

/** Serves the next request and gives it. */
export function nextRequest(rig: Rig): Promise<{ request: Incoming; response: Outgoing }> {
  return new Promise((resolve) => {
    rig.service.serve = (request, response) => resolve({ request, response });
  });
}

/** The header lines that arrive for a bare request with these fields. */
export async function arrive(
  rig: Rig,
  headers: Readonly<Record<string, string | readonly string[]>>,
  border = rig.border,
): Promise<{ lines: string[]; sent: Sent }> {
  const arrived = nextRequest(rig);
  const sent = border.client.send({ headers, bare: true });
  const { request, response } = await arrived;
  const crossed = border.crossing();
  response.end("ok");
  expect((await sent.answered).status).toBe(200);
  await readAll(sent.body());
  await crossed;
  return { lines: linesOf(request), sent };
}

export async function callHead(rig: Rig): Promise<void> {
  const sent = rig.border.client.send({ method: "HEAD", bare: true });
  const { status, lines } = await sent.answered;
  expect([status, fieldValue(lines, "content-length")]).toEqual([200, "5"]);
  await readAll(sent.body());
  await sent.closed;
}

/** Writes until a write is refused and nothing has drained for many turns of the event loop; false after 64 MiB. */
export async function stallOf(writer: Pick<Sent, "write" | "drained">, wrote: () => void): Promise<boolean> {
  for (let count = 0; count < 1_024; count += 1) {
    wrote();
    if (writer.write(CHUNK)) continue;
    if (!(await drainsSoon(writer))) return true;
  }
  return false;
}

async function drainsSoon(writer: Pick<Sent, "drained">): Promise<boolean> {
  const state = { drained: false };
  const watching = writer.drained().then(() => (state.drained = true));
  for (let turn = 0; turn < 2_000 && !state.drained; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  return state.drained && (await watching);
}

export async function waitFor(socket: NodeJS.ReadableStream, text: string): Promise<string> {
  let seen = "";
  while (!seen.includes(text)) seen += String(((await once(socket, "data")) as [Buffer])[0]);
  return seen;
}
