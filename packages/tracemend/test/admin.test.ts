import { afterEach, describe, expect, it } from "vitest";
import type { Admin } from "../src/admin.ts";
import { createAdmin, jsonAnswer } from "../src/admin.ts";

let admin: Admin | undefined;
afterEach(async () => {
  await admin?.close();
  admin = undefined;
});

async function ask(path: string, method = "GET"): Promise<{ status: number; body: string; type: string | null }> {
  admin ??= await createAdmin(
    { host: "127.0.0.1", port: 0 },
    { "/healthz": () => jsonAnswer(200, { status: "alive" }) },
  );
  const response = await fetch(`http://127.0.0.1:${admin.address.port}${path}`, { method });
  return { status: response.status, body: await response.text(), type: response.headers.get("content-type") };
}

describe("the admin port", () => {
  it("answers its pages, with or without a query", async () => {
    expect(await ask("/healthz")).toEqual({
      status: 200,
      body: '{\n  "status": "alive"\n}\n',
      type: "application/json; charset=utf-8",
    });
    expect((await ask("/healthz?verbose")).status).toBe(200);
  });

  it("answers HEAD without a body", async () => {
    expect(await ask("/healthz", "HEAD")).toMatchObject({ status: 200, body: "" });
  });

  it("lists its pages to whoever asks for another", async () => {
    const { status, body } = await ask("/constructor");
    expect(status).toBe(404);
    expect(JSON.parse(body)).toEqual({ error: "no page /constructor", pages: ["/healthz"] });
  });

  it("changes nothing: other methods are refused", async () => {
    expect((await ask("/healthz", "POST")).status).toBe(405);
  });

  it("says where it cannot listen", async () => {
    await ask("/healthz");
    const taken = { host: "127.0.0.1", port: admin?.address.port ?? 0 };
    await expect(createAdmin(taken, {})).rejects.toThrow(/EADDRINUSE/);
  });
});
