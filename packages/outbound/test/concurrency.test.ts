import { once } from "node:events";
import { Agent, get } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import type { ClientHttp2Session } from "node:http2";
import { connect, createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";
import { Pool } from "undici";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createOutbound } from "../src/index.ts";
import type { Outbound } from "../src/index.ts";
import type { Service } from "./peers.ts";
import { bodyOf, byFetch, ingress, lineOf, startEcho, startService, valuesOf } from "./peers.ts";

const IN_FLIGHT = 1000;

/** Opens once every request has arrived: then all of them are in flight, and one of them wakes all the others. */
interface Gate {
  missing: number;
  readonly opened: PromiseWithResolvers<void>;
}
let gate: Gate;
function closeGate(requests: number): void {
  gate = { missing: requests, opened: Promise.withResolvers() };
}
let outbound: Outbound;
let echo: Service;
let service: Service;
let session: ClientHttp2Session;
let client: Pool;
/** Far fewer connections than requests: calls wait for a connection that another request opened. */
let pool: Pool;
const agent = new Agent({ keepAlive: true, maxSockets: 8 });
const http2Echo = createHttp2Server((incoming, response) => response.end(JSON.stringify(incoming.rawHeaders)));

beforeAll(async () => {
  outbound = createOutbound({ boundary: ingress(), targets: ["127.0.0.1"] });
  echo = await startEcho();
  pool = new Pool(echo.url, { connections: 8 });
  await once(http2Echo.listen(0, "127.0.0.1"), "listening");
  const authority = `127.0.0.1:${(http2Echo.address() as AddressInfo).port}`;
  session = connect(`http://${authority}`);

  const byHttp = async (): Promise<string> => {
    const sent: ClientRequest = get(echo.url, { agent });
    const [incoming] = (await once(sent, "response")) as [IncomingMessage];
    return bodyOf(incoming);
  };
  const byPool = async (): Promise<string> => (await pool.request({ path: "/", method: "GET" })).body.text();
  const byHttp2 = async (): Promise<string> => {
    let text = "";
    const stream = outbound.request(session, { ":path": "/", ":authority": authority });
    for await (const chunk of stream) text += String(chunk);
    return text;
  };
  const clients = [() => byFetch(echo.url), byHttp, byPool, byHttp2];

  /** Calls by two clients, one after the other, the order and the pauses different for every request. */
  const callOut = async (number: number): Promise<string> => {
    gate.missing -= 1;
    if (gate.missing === 0) gate.opened.resolve();
    await gate.opened.promise;
    await setImmediate();
    const first = await clients[number % clients.length]?.();
    for (let turn = number % 7; turn > 0; turn -= 1) await setImmediate();
    const second = await clients[(number >> 2) % clients.length]?.();
    return `[${first},${second}]`;
  };
  service = await startService((incoming, response) => {
    const number = Number(incoming.url?.slice(1));
    incoming.resume();
    incoming.on("end", () => {
      void callOut(number).then((text) => response.end(text));
    });
  });
  client = new Pool(service.url, { connections: IN_FLIGHT, pipelining: 1 });
});

afterAll(async () => {
  outbound.close();
  agent.destroy();
  await Promise.all([client.close(), pool.close(), new Promise<void>((resolve) => session.close(resolve))]);
  await Promise.all([service.close(), echo.close(), new Promise((resolve) => http2Echo.close(resolve))]);
});

it(`carries to every call the context of its own request, ${IN_FLIGHT} of them in flight`, async () => {
  closeGate(IN_FLIGHT);
  const answers = await Promise.all(
    Array.from({ length: IN_FLIGHT }, async (_, number) => {
      const { body } = await client.request({
        path: `/${number}`,
        method: "POST",
        headers: { traceparent: lineOf(number) },
        body: "x".repeat(number % 3 === 0 ? 70_000 : 10),
      });
      return (await body.json()) as readonly (readonly string[])[];
    }),
  );
  const wrong = answers.flatMap((heads, number) =>
    heads.filter((head) => valuesOf(head, "traceparent").join("|") !== lineOf(number)),
  );
  expect(answers.flat()).toHaveLength(2 * IN_FLIGHT);
  expect(wrong).toEqual([]);
  expect(gate.missing).toBe(0);
}, 60_000);

it("gives no context to a request that brought none, on connections that carried one before", async () => {
  closeGate(200);
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, number) => {
      const headers: Record<string, string> = number % 2 === 0 ? { traceparent: lineOf(number) } : {};
      const { body } = await client.request({ path: `/${number}`, method: "POST", headers, body: "x" });
      return (await body.json()) as readonly (readonly string[])[];
    }),
  );
  answers.forEach((heads, number) => {
    const wanted = number % 2 === 0 ? [lineOf(number)] : [];
    for (const head of heads) expect(valuesOf(head, "traceparent")).toEqual(wanted);
  });
}, 60_000);
