import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { ROOT } from "../support/workspace.ts";

it("a gateway of http-proxy-3 keeps every trace whole with the hook, and one of six without", async () => {
  const main = join(ROOT, "examples", "http-proxy-gateway", "main.ts");
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [main], { timeout: 60_000 });
  expect(stdout).toMatch(/one clean traceparent +whole +whole +preserve, intact/);
  expect(stdout).toMatch(/the same line twice +broken +whole +preserve, intact/);
  expect(stdout).toMatch(/a line appended by an agent +broken +whole +repair, duplicates-repaired/);
  expect(stdout).toMatch(/stripped, but for a carrier +broken +whole +repair, carrier-restored/);
  expect(stdout).toContain("1 of 6 traces whole as it is, 6 of 6 with preserve()");
  expect(stdout).toContain("All counts hold.");
  expect(stderr).toBe("");
});
