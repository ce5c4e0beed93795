import { Server, ServerCredentials, credentials, makeClientConstructor } from "@grpc/grpc-js";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ProgramProcess } from "../support/program.ts";
import { startProgram } from "../support/program.ts";
import { rawUnary } from "../support/raw-grpc.ts";

const PATIENT = { timeout: 20_000 };
const ECHO: ServiceDefinition = {
  unary: rawUnary("/demo.Echo/Unary"),
};
const HEALTH: ServiceDefinition = {
  check: rawUnary("/grpc.health.v1.Health/Check"),
};

interface Backend {
  readonly port: number;
  /** `HealthCheckResponse.ServingStatus` of every service. */
  status: number;
  /** Services that were asked about. */
  readonly asked: Set<string>;
  stop(): void;
}

async function startBackend(name: string): Promise<Backend> {
  const server = new Server();
  const state = { status: 1 };
  const asked = new Set<string>();
  type Unary = (call: { request: Buffer }, done: (error: null, answer: Buffer) => void) => void;
  const unary: Unary = (_call, done) => done(null, Buffer.from(name));
  const check: Unary = ({ request }, done) => {
    asked.add(request.subarray(2).toString());
    done(null, Buffer.from([8, state.status]));
  };
  server.addService(ECHO, { unary });
  server.addService(HEALTH, { check });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return Object.assign(state, { port, asked, stop: () => server.forceShutdown() });
}

let backends: readonly [Backend, Backend];
let program: ProgramProcess;
beforeAll(async () => {
  backends = await Promise.all([startBackend("a"), startBackend("b")]);
  program = await startProgram(`
cluster: eu-1
boundaries:
  - { name: in, side: ingress, listen: "127.0.0.1:0", routes: [{ upstream: echo }] }
upstreams:
  echo:
    url: "http://echo.internal"
    protocol: h2
    endpoints: ["127.0.0.1:${backends[0].port}", "127.0.0.1:${backends[1].port}"]
    health: { grpc: demo.Echo, interval_ms: 20, healthy_after: 1, unhealthy_after: 1 }
admin: { listen: "127.0.0.1:0" }
`);
});
afterAll(async () => {
  await program.stop();
  for (const backend of backends) backend.stop();
});

/** Who answers in eight calls; none fails. */
async function answering(): Promise<string> {
  const Client = makeClientConstructor(ECHO, "Echo");
  const client = new Client(new URL(program.url("boundary in")).host, credentials.createInsecure());
  const seen = new Set<string>();
  type Call = (request: Buffer, done: (error: Error | null, answer: Buffer) => void) => void;
  const call = (client as unknown as { unary: Call }).unary.bind(client);
  for (let count = 0; count < 8; count += 1) {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    call(Buffer.from("x"), (error, answer) => (error === null ? resolve(answer) : reject(error)));
    seen.add(String(await promise));
  }
  client.close();
  return [...seen].toSorted().join("");
}

describe("endpoints that are asked after their health over gRPC", () => {
  it("get calls while they serve, and all of them where none does", async () => {
    await expect.poll(answering, PATIENT).toBe("ab");
    expect([...backends[0].asked]).toEqual(["demo.Echo"]);
    backends[0].status = 2;
    await expect.poll(answering, PATIENT).toBe("b");
    expect((await program.page("/metrics")).text).toContain(
      'tracemend_upstream_endpoints{boundary="in",upstream="echo",state="unhealthy"} 1',
    );
    backends[1].status = 2;
    await expect.poll(answering, PATIENT).toBe("ab");
    backends[0].status = 1;
    await expect.poll(answering, PATIENT).toBe("a");
  });
});
