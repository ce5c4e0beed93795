/** More connections than a listener may have. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { dialLenient } from "../support/lenient-peer.ts";
import { closeAtEnd } from "../support/close-at-end.ts";
import { openBorder } from "./border.ts";

const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const LAST = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

it("are closed as they come, and told, until another has gone", async () => {
  const server = createServer((_request, response) => response.end("ok")).listen(0, "127.0.0.1");
  await once(server, "listening");
  closeAtEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  const border = await openBorder(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    limits: { connections: 2 },
  });
  closeAtEnd(() => border.close());
  const kept = [await dialLenient(border.port), await dialLenient(border.port)];
  for (const caller of kept) {
    caller.send(REQUEST);
    await caller.until("ok");
  }
  const told = border.refusal();
  const third = await dialLenient(border.port);
  expect(await third.closed).toBe("");
  expect(await told).toMatchObject({ kind: "too-many-connections", status: undefined, detail: "more than 2" });
  expect(border.counts()["too-many-connections"]).toBe(1);

  for (const caller of kept) caller.socket.destroy();
  const next = async (): Promise<string> => {
    const caller = await dialLenient(border.port);
    caller.send(LAST);
    return caller.closed;
  };
  await expect.poll(next, { timeout: 20_000 }).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
});
