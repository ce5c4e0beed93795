import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { startCollector } from "../support/collector.ts";
import { closeAtEnd } from "../support/close-at-end.ts";
import { openProgram } from "../support/opened.ts";
import { untilReachable } from "../support/otlp-client.ts";

it("SIGTERM lets an open request finish, whatever SIGHUP says, exports its spans and ends with 0", async () => {
  const arrived = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const upstream = createServer((_request, response) => {
    response.write("begun, ");
    arrived.resolve();
    void answer.promise.then(() => response.end("ended"));
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", () => resolve()));
  closeAtEnd(() => new Promise((resolve) => upstream.close(resolve)));
  const collector = await startCollector();
  closeAtEnd(() => collector.close());
  const program = await openProgram(`
cluster: eu-1
boundaries:
  - { name: out, side: egress, listen: "127.0.0.1:0", routes: [{ upstream: service }] }
upstreams: { service: { url: "http://127.0.0.1:${(upstream.address() as AddressInfo).port}" } }
destinations: { agent: { endpoint: "http://127.0.0.1:${collector.port}", batch: { max_age_ms: 60000 } } }
admin: { listen: "127.0.0.1:0" }
`);
  expect((await program.page("/readyz")).status).toBe(200);
  await untilReachable(program, "agent");

  const open = fetch(`${program.url("boundary out")}/long`);
  await arrived.promise;
  program.signal("SIGTERM");
  let status = 200;
  while (status === 200) ({ status } = await program.page("/readyz"));
  expect(status).toBe(503);
  expect((await program.page("/healthz")).status).toBe(200);
  const kept = program.said("not reloaded: draining");
  program.signal("SIGHUP");
  await Promise.race([kept, program.ended]);
  await expect(fetch(`${program.url("boundary out")}/new`)).rejects.toThrow(/fetch failed/);

  answer.resolve();
  const response = await open;
  expect(response.status).toBe(200);
  expect(await response.text()).toBe("begun, ended");
  expect(await program.ended).toBe(0);
  expect(new Set(collector.spans.map((span) => span.kind))).toEqual(new Set([2, 3]));
});
