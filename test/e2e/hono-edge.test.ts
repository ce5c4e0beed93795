import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { ROOT } from "../support/workspace.ts";

const CLAIMED = "0af7651916cd43dd8448eb211c80319c";

it("the edge begins its own trace, and tells the browser which span served it", async () => {
  const main = join(ROOT, "examples", "hono-edge", "main.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [main, "--once"], { timeout: 30_000 });
  expect(stdout).toContain("allowed headers: content-type, traceparent");
  const [, span] = /edge +GET \/products\/7 +untrusted +span ([0-9a-f]{16}) link 0af7651916cd43dd8448eb211c80319c/.exec(
    stdout,
  ) as RegExpExecArray;
  const [, traceId, parentId] = /catalogue saw \{"id":"7","traceId":"(\w+)","parentId":"(\w+)"\}/.exec(
    stdout,
  ) as RegExpExecArray;
  expect(traceId).not.toBe(CLAIMED);
  expect(parentId).toBe(span);
  expect(stdout).toMatch(/catalogue GET \/items\/7 +intact/);
  expect(stdout).toContain(`traceresponse: 00-${traceId}-${span}-03`);
  expect(stdout).toContain(`server-timing: traceparent;desc="00-${traceId}-${span}-03"`);
  expect(stdout).toContain("exposed:       traceresponse");
});
