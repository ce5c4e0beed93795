import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { ROOT } from "../support/workspace.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";

it("the shop of two Express services keeps each trace in one piece", async () => {
  const main = join(ROOT, "examples", "express-shop", "main.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [main, "--once"], { timeout: 30_000 });
  const parts = stdout.split(/^\S.*:$/m).slice(1);
  const reasons = parts.map((part) => /shop +GET \/products\/7 200 +(\S+)/.exec(part)?.[1]);
  expect(reasons).toEqual(["intact", "intact", "case-repaired", "no-span"]);
  for (const part of parts.slice(0, 3)) {
    expect(part).toMatch(new RegExp(`stock GET /stock/7 200 +intact +${TRACE}`));
    expect(part).toContain(`answer {"id":"7","stock":{"pieces":1,"trace":"${TRACE}"}}`);
  }
  expect(parts[3]).toContain(`"trace":null`);
});
