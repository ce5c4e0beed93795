import { describe, expect, it } from "vitest";
import { createAccessLog } from "../src/access-log.ts";
import { PARENT, SPANS, TRACE, crossingOf } from "./crossing.ts";

const INBOUND = ["traceparent", `00-${TRACE}-${PARENT}-01`];

async function logged(format: "json" | "text", ...passed: readonly ReturnType<typeof crossingOf>[]): Promise<string[]> {
  const written: string[] = [];
  const log = createAccessLog(format, (lines) => written.push(lines));
  for (const one of passed) log.crossed(one);
  await new Promise((resolve) => setImmediate(resolve));
  return written;
}

describe("the access log", () => {
  it("tells trace, verdict, reason, way, status and duration of a request in JSON", async () => {
    const [text = ""] = await logged("json", crossingOf(INBOUND));
    expect(JSON.parse(text)).toEqual({
      time: "2023-11-14T22:13:20.012Z",
      message: "access",
      boundary: "edge",
      route: "route 0",
      client: "10.0.0.1",
      protocol: "http/1.1",
      method: "GET",
      authority: "shop.example",
      path: "/products",
      status: 200,
      duration_ms: 12.5,
      request_bytes: 0,
      answer_bytes: 5,
      upstream: "catalogue",
      endpoint: "10.0.0.2:8080",
      tries: 1,
      trace_id: TRACE,
      action: "preserve",
      reason: "intact",
    });
    expect(text).not.toContain(SPANS.serverSpanId);
  });

  it("is one line of text for each, whatever a peer puts in its path", async () => {
    const failure = { kind: "no-route", side: "internal" } as const;
    const changes = { path: '/a"\n2023 forged', upstream: undefined, service: undefined, status: 404, failure };
    const [text = ""] = await logged("text", crossingOf(INBOUND, changes));
    expect(text).toBe(
      `2023-11-14T22:13:20.012Z edge 10.0.0.1 "GET shop.example/a\\"\\n2023 forged http/1.1" 404 0 5 12.5ms - - ${TRACE} preserve intact no-route\n`,
    );
  });

  it("says which line is of a copy for a mirror", async () => {
    const copy = crossingOf(INBOUND, { mirrored: true, service: "shadow" });
    expect(JSON.parse((await logged("json", copy))[0] ?? "")).toMatchObject({ message: "mirror", upstream: "shadow" });
    expect((await logged("text", copy))[0]).toMatch(/ preserve intact mirror\n$/);
  });

  it("writes what comes in one turn at once, and no more than a few pages of it", async () => {
    expect(await logged("json", crossingOf([]), crossingOf([]))).toHaveLength(1);
    const many = Array.from({ length: 100 }, () => crossingOf([]));
    const written = await logged("json", ...many);
    expect(written.length).toBeGreaterThan(1);
    expect(written.join("").trimEnd().split("\n")).toHaveLength(100);
  });

  it("tells the port of an IPv6 endpoint apart from its address", async () => {
    const upstream = { name: "catalogue", address: "2001:db8::1", port: 8080, localPort: undefined };
    const [json = ""] = await logged("json", crossingOf(INBOUND, { upstream }));
    expect(JSON.parse(json)).toMatchObject({ endpoint: "[2001:db8::1]:8080" });
    const [text = ""] = await logged("text", crossingOf(INBOUND, { upstream }));
    expect(text).toContain(" [2001:db8::1]:8080 ");
  });
});
