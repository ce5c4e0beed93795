/** The Hono boundary and `outbound.fetch` on the fetch runtimes themselves. */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { peerOrReason } from "../support/peer.ts";
import type { Served } from "../support/raw-exchange.ts";
import { exchangeRaw, jsonOf, serveOnSocket } from "../support/raw-exchange.ts";
import { ROOT } from "../support/workspace.ts";

const APP = join(ROOT, "test", "support", "fetch-app.ts");
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const TRACEPARENT = `00-${TRACE}-b7ad6b7169203331-01`;

describe.each([
  ["bun", [APP]],
  ["deno", ["run", "--quiet", "--no-lock", "--cached-only", "--node-modules-dir=manual", "-A", APP]],
])("on %s", (name, args) => {
  const program = peerOrReason(name);
  describe.skipIf(program === undefined)("a Hono app", () => {
    let runtime: ChildProcess;
    let port: number;
    let service: Served;

    beforeAll(async () => {
      service = await serveOnSocket((request, response) => response.end(request.headers.traceparent ?? "none"));
      const child = spawn(program as string, args, { stdio: ["ignore", "pipe", "inherit"] });
      runtime = child;
      const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
      port = Number(line.slice("port ".length));
    });
    afterAll(async () => {
      runtime.kill("SIGKILL");
      await service.close();
    });

    const ask = async (target: string, lines: readonly string[], body?: string): Promise<string> =>
      exchangeRaw(port, lines, body === undefined ? { target } : { target, body });

    it.each(["/in", "/around"])("sees what was decided, with its body, behind %s", async (mounted) => {
      const target = `${mounted}/seen`;
      expect(jsonOf(await ask(target, [`traceparent: ${TRACEPARENT}`]))).toEqual([TRACEPARENT, TRACE, ""]);
      const shouted = await ask(target, [`traceparent: ${TRACEPARENT.toUpperCase()}`], "hello");
      expect(jsonOf(shouted)).toEqual([TRACEPARENT, TRACE, "hello"]);
      const twice = await ask(target, [`traceparent: ${TRACEPARENT}`, `traceparent: ${TRACEPARENT}`]);
      expect(jsonOf(twice)).toEqual([TRACEPARENT, TRACE, ""]);
      expect(jsonOf(await ask(target, []))).toEqual(["none", "none", ""]);
      expect(jsonOf(await ask("/crossings", []))).toEqual([
        "/seen 200 intact",
        "/seen 200 case-repaired",
        "/seen 200 intact",
        "/seen 200 no-span",
      ]);
    });

    it("carries the context into its own calls, and to nobody else's services", async () => {
      const call = async (to: string): Promise<string> =>
        (await ask(`/in/call?to=${encodeURIComponent(to)}`, [`traceparent: ${TRACEPARENT}`])).split("\r\n\r\n")[1] ??
        "";
      expect(await call(service.url)).toContain(TRACEPARENT);
      expect(await call(service.url.replace("127.0.0.1", "localhost"))).toContain("none");
    });
  });
});
