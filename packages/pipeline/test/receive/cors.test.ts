import { request } from "undici";
import { describe, expect, it } from "vitest";
import { createHttpReceiver, isOriginPattern } from "@tracemend/pipeline";
import type { CorsOptions, HttpReceiverOptions, Reception } from "@tracemend/pipeline";
import { over } from "../batches.ts";
import { closers } from "../harness.ts";
import { createFixedSink } from "../stages/sinks.ts";

async function listen(cors: CorsOptions | undefined, more: HttpReceiverOptions = {}): Promise<string> {
  const options = { ...more, ...(cors === undefined ? {} : { cors }) };
  const receiver = await createHttpReceiver(options, createFixedSink({ kind: "accepted" }));
  closers.push(() => receiver.close(over));
  return `http://${receiver.address.host}:${receiver.address.port}/v1/traces`;
}

async function ask(url: string, method: "OPTIONS" | "POST", headers: Record<string, string>) {
  const body = method === "POST" ? '{"resourceSpans":[]}' : null;
  const answer = await request(url, { method, headers, body });
  await answer.body.dump();
  return { status: answer.statusCode, headers: answer.headers };
}

const before = (origin: string) => ({
  origin,
  "access-control-request-method": "POST",
  "access-control-request-headers": "content-type",
});
const json = { "content-type": "application/json" };

describe("pages that send OTLP/HTTP", () => {
  it("are told before they send that they may, without a token, and what they may set", async () => {
    const ended: Reception[] = [];
    const cors = { allowedOrigins: ["https://shop.example"], allowedHeaders: ["authorization"], maxAgeS: 60 };
    const url = await listen(cors, { bearerTokens: ["t0"], ended: (one) => ended.push(one) });
    expect(await ask(url, "OPTIONS", before("https://shop.example"))).toMatchObject({
      status: 204,
      headers: {
        "access-control-allow-origin": "https://shop.example",
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "content-type, content-encoding, authorization",
        "access-control-max-age": "60",
        vary: "origin",
      },
    });
    expect(ended).toEqual([]);
    const sent = await ask(url, "POST", { ...json, origin: "https://shop.example", authorization: "Bearer t0" });
    expect(sent).toMatchObject({ status: 200, headers: { "access-control-allow-origin": "https://shop.example" } });
    const refused = await ask(url, "POST", { ...json, origin: "https://shop.example" });
    expect(refused).toMatchObject({ status: 401, headers: { "access-control-allow-origin": "https://shop.example" } });
  });

  it.each(["https://evil.example", "https://shop.example.evil.example", "http://shop.example", "null"])(
    "are told nothing where their origin is not allowed: %s",
    async (origin) => {
      const url = await listen({ allowedOrigins: ["https://shop.example", "https://*.shop.example"] });
      const asked = await ask(url, "OPTIONS", before(origin));
      expect(asked.status).toBe(405);
      expect(asked.headers).not.toHaveProperty("access-control-allow-origin");
      const sent = await ask(url, "POST", { ...json, origin });
      expect(sent.headers).not.toHaveProperty("access-control-allow-origin");
      expect(sent.headers["vary"]).toBe("origin");
    },
  );

  it("may come from any name or port that a star stands for", async () => {
    const url = await listen({ allowedOrigins: ["https://*.shop.example", "http://localhost:*"] });
    for (const origin of ["https://eu.shop.example", "https://a.b.shop.example", "http://localhost:5173"]) {
      const { status, headers } = await ask(url, "OPTIONS", before(origin));
      expect([status, headers["access-control-allow-origin"]]).toEqual([204, origin]);
    }
    for (const origin of ["https://shop.example", "https://eu.shop.example/x", "https://euXshopXexample"])
      expect((await ask(url, "OPTIONS", before(origin))).status).toBe(405);
  });

  it("are let by nobody who was not told to", async () => {
    const url = await listen(undefined);
    const asked = await ask(url, "OPTIONS", before("https://shop.example"));
    expect(asked.status).toBe(405);
    expect(Object.keys(asked.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
    expect((await ask(url, "POST", json)).headers).not.toHaveProperty("vary");
  });

  it("have origins as browsers write them; anything else is named", async () => {
    for (const wrong of ["*", "shop.example", "https://shop.example/", "https://", "https://shop.example/path"]) {
      expect(isOriginPattern(wrong)).toBe(false);
      await expect(listen({ allowedOrigins: [wrong] })).rejects.toThrow(/cors\.allowedOrigins .* not /);
    }
    await expect(listen({ allowedOrigins: [], allowedHeaders: ["a b"] })).rejects.toThrow(/allowedHeaders .* not a b/);
    await expect(listen({ allowedOrigins: [], maxAgeS: 0.5 })).rejects.toThrow(/maxAgeS .* not 0.5/);
  });
});
