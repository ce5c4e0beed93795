import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { ROOT } from "../support/workspace.ts";

it("the demonstration ends by itself with every count as promised", async () => {
  const main = join(ROOT, "examples", "two-clusters", "main.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [main, "--once"], { timeout: 80_000 });
  expect(stdout).toMatch(/shop → gateway → catalogue +0 of 40 \(in 80 traces\) +40 of 40 \(in 40 traces\)/);
  expect(stdout).toMatch(/shop → gateway → prices +0 of 20/);
  expect(stdout).toContain("stripped-before-us");
  expect(stdout).toContain("dropped-by-callee");
  expect(stdout).toContain("All counts hold");
});
