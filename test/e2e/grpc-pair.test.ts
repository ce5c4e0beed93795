import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { ROOT } from "../support/workspace.ts";

it("a gRPC service without an SDK carries the trace of every call, once it is asked to", async () => {
  const main = join(ROOT, "examples", "grpc-pair", "main.ts");
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [main], { timeout: 60_000 });
  expect(stdout).toMatch(/as it is +0 of 50/);
  expect(stdout).toMatch(/carry: "report" +0 of 50; noticed 50 calls/);
  expect(stdout).toMatch(/while handling \/shop\.Orders\/Get: grpc call to 127\.0\.0\.1:\d+\/shop\.Stock\/Count/);
  expect(stdout).toMatch(/made at services\.ts:\d+:\d+/);
  expect(stdout).toMatch(/carry: "on" +50 of 50/);
  expect(stdout).toContain("All counts hold.");
  expect(stderr).toBe("");
});
