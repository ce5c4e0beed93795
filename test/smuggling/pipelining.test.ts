/** Requests that a caller sends without waiting for answers: as many wait as the kernel holds. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { dialLenient } from "../support/lenient-peer.ts";
import { openBorder } from "./border.ts";

const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const ANSWER = "ok".repeat(4_096);
const REQUESTS = 20_000;
const PIECES = 10;
const GROWTH_BYTES = 128 * 1_048_576;

it("a caller that pipelines has one request open, and the others wait where they are bounded", async () => {
  let served = 0;
  let open = 0;
  let most = 0;
  const server = createServer((_request, response) => {
    served += 1;
    open += 1;
    most = Math.max(most, open);
    response.once("close", () => (open -= 1)).end(ANSWER);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const border = await openBorder(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const caller = await dialLenient(border.port);
  // Nothing of the answers is read: they fill the connection, and with it all stops.
  caller.socket.pause();
  const before = process.memoryUsage.rss();
  const piece = REQUEST.repeat(REQUESTS / PIECES);
  for (let count = 0; count < PIECES; count += 1) caller.socket.write(piece);
  let last = -1;
  const stalls = (): boolean => {
    const stalled = served === last;
    last = served;
    return stalled;
  };
  await expect.poll(stalls, { interval: 500, timeout: 30_000 }).toBe(true);
  expect([most, served > 0, served < REQUESTS]).toEqual([1, true, true]);
  expect(process.memoryUsage.rss() - before).toBeLessThan(GROWTH_BYTES);
  const other = await dialLenient(border.port);
  other.send(REQUEST);
  expect(await other.until("ok")).toContain("200 OK");
  for (const { socket } of [caller, other]) socket.destroy();
  await border.close();
  server.closeAllConnections();
  server.close();
});
