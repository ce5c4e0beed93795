import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { startCollector } from "../support/collector.ts";
import { startProgram } from "../support/program.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

it("SIGTERM lets an open request finish, exports its spans and ends with 0", async () => {
  const arrived = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const upstream = createServer((_request, response) => {
    response.write("begun, ");
    arrived.resolve();
    void answer.promise.then(() => response.end("ended"));
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", () => resolve()));
  closing.push(() => new Promise((resolve) => upstream.close(resolve)));
  const collector = await startCollector();
  closing.push(() => collector.close());
  const program = await startProgram(`
cluster: eu-1
boundaries:
  - { name: out, side: egress, listen: "127.0.0.1:0", routes: [{ upstream: service }] }
upstreams: { service: { url: "http://127.0.0.1:${(upstream.address() as AddressInfo).port}" } }
destinations: { agent: { endpoint: "http://127.0.0.1:${collector.port}", batch: { max_age_ms: 60000 } } }
admin: { listen: "127.0.0.1:0" }
`);
  closing.push(() => program.stop());
  expect((await program.page("/readyz")).status).toBe(200);
  let metrics = "";
  while (!metrics.includes('reachable{destination="agent"} 1')) metrics = (await program.page("/metrics")).text;

  const open = fetch(`${program.url("boundary out")}/long`);
  await arrived.promise;
  program.signal("SIGTERM");
  let status = 200;
  while (status === 200) ({ status } = await program.page("/readyz"));
  expect(status).toBe(503);
  expect((await program.page("/healthz")).status).toBe(200);
  await expect(fetch(`${program.url("boundary out")}/new`)).rejects.toThrow(/fetch failed/);

  answer.resolve();
  const response = await open;
  expect(response.status).toBe(200);
  expect(await response.text()).toBe("begun, ended");
  expect(await program.ended).toBe(0);
  expect(new Set(collector.spans.map((span) => span.kind))).toEqual(new Set([2, 3]));
});
