import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parseTraceresponse } from "@tracemend/context";
import { PARENT, TRACE, TRACEPARENT } from "../support/service.ts";
import { ROOT } from "../support/workspace.ts";

it.each(["express OpenTelemetry http + express, boundary", "hono OpenTelemetry http, boundary"])(
  "%s: both continue the caller's trace, and the answer names the SDK's span",
  async (variant) => {
    const child = fork(join(ROOT, "test", "bench", "middleware-variants.ts"), [variant]);
    try {
      const [port] = (await once(child, "message")) as [number];
      const response = await fetch(`http://127.0.0.1:${port}/seen`, { headers: { traceparent: TRACEPARENT } });
      expect(await response.text()).toBe(TRACE);
      const served = parseTraceresponse(response.headers.get("traceresponse") ?? "");
      expect(served?.traceId).toBe(TRACE);
      expect(served?.spanId).not.toBe(PARENT);
      const own = await fetch(`http://127.0.0.1:${port}/products/7`);
      expect(await own.json()).toMatchObject({ id: "7" });
      expect(parseTraceresponse(own.headers.get("traceresponse") ?? "")).toBeDefined();
    } finally {
      child.disconnect();
      await once(child, "exit");
    }
  },
);
