import { createRequire } from "node:module";
import type { RequestListener } from "node:http";
import { connect } from "node:net";
import { afterEach, expect, it } from "vitest";
import { createOutbound } from "../../src/index.ts";
import { OTHER_LINE, PARENT_LINE, byFetch, ingress, recordCalls, send, startEcho, startService } from "../peers.ts";

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

interface App extends RequestListener {
  get(path: string, handler: RequestListener): void;
  use(path: string, app: App): void;
}

/** The part of Express that is used; this package has no types of it. */
const express = createRequire(import.meta.url)("express") as (() => App) & { Router(): App };

it("tells of a call by the pattern of the Express route that made it", async () => {
  const observed = recordCalls();
  const outbound = createOutbound({ boundary: ingress(), targets: ["127.0.0.1"], observer: observed });
  const echo = await startEcho();
  const app = express();
  const router = express.Router();
  router.get("/orders/:id", (_request, response) => {
    void byFetch(echo.url).then((text) => response.end(text));
  });
  app.use("/shop", router);
  const service = await startService(app);
  opened.push(() => outbound.close(), echo.close, service.close);
  await fetch(`${service.url}/shop/orders/7?x=1`, { headers: { traceparent: PARENT_LINE } });
  expect(observed.calls).toMatchObject([
    { action: "carried", handling: { method: "GET", route: "/shop/orders/:id" }, traceparent: PARENT_LINE },
  ]);
});

it("keeps requests apart that came in one packet of one connection", async () => {
  const outbound = createOutbound({ boundary: ingress(), targets: ["127.0.0.1"] });
  const seen: (readonly [string | undefined, string | undefined])[] = [];
  const service = await startService((request, response) => {
    const { url } = request;
    request.resume();
    request.on("end", () => {
      seen.push([url, outbound.current()?.request.path]);
      queueMicrotask(() => response.end());
    });
    response.on("close", () => seen.push([url, outbound.current()?.request.path]));
  });
  opened.push(() => outbound.close(), service.close);
  const socket = connect(service.port, "127.0.0.1");
  const headOf = (path: string, line: string): string =>
    `POST ${path} HTTP/1.1\r\nhost: a\r\ntraceparent: ${line}\r\ncontent-length: 2\r\n`;
  socket.write(
    `${headOf("/a", PARENT_LINE)}\r\nxy${headOf("/b", OTHER_LINE)}\r\nxy${headOf("/c", PARENT_LINE)}connection: close\r\n\r\nxy`,
  );
  for await (const chunk of socket) expect(String(chunk)).toMatch(/^HTTP\/1\.1 200/);
  expect(seen.filter(([url, path]) => url !== path)).toEqual([]);
  expect(seen).toHaveLength(6);
});

it("watches no server where it is told not to", async () => {
  const outbound = createOutbound({ boundary: ingress(), targets: ["127.0.0.1"], servers: false });
  const echo = await startEcho();
  const service = await startService((_request, response) => {
    void byFetch(echo.url).then((text) => response.end(text));
  });
  opened.push(() => outbound.close(), echo.close, service.close);
  expect(await send(service.url, ["traceparent", PARENT_LINE])).not.toContain(PARENT_LINE);
  expect(outbound.counts().carried).toBe(0);
});
