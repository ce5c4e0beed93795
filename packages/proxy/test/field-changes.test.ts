import { get } from "node:http";
import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { closeAtEnd } from "../../../test/support/close-at-end.ts";
import { completeFields } from "../src/field-changes.ts";
import type { Route } from "../src/index.ts";
import { openBorder } from "./border.ts";
import { deadKey, startService } from "./http-service.ts";

const CHANGES: Partial<Route> = {
  requestFields: { set: { "X-Set": "by the route", "x-New": "1" }, remove: ["X-Gone"] },
  answerFields: { set: { "strict-transport-security": "max-age=1" }, remove: ["server"] },
};

async function pass(route: Partial<Route>) {
  const service = await startService((_request, response) =>
    response.writeHead(200, { server: "secret 1.0", "x-own": "1" }).end("ok"),
  );
  closeAtEnd(() => service.close());
  const routes = [route.answer === undefined ? { upstream: { name: "svc", url: service.url }, ...route } : route];
  const opened = await openBorder({ url: service.url }, { routes });
  closeAtEnd(() => opened.close());
  const headers = { "x-set": ["by the caller", "twice"], "x-gone": "1", "x-kept": "1" };
  const answer = await new Promise<IncomingMessage>((resolve) => get({ port: opened.port, headers }, resolve));
  answer.resume();
  return { status: answer.statusCode, answer: answer.headers, request: service.asked[0]?.headers };
}

describe("a route that changes fields", () => {
  it("sets and removes them in requests and answers, and leaves the others", async () => {
    const { answer, request } = await pass(CHANGES);
    expect(request).toMatchObject({ "x-set": "by the route", "x-new": "1", "x-kept": "1" });
    expect(request).not.toHaveProperty("x-gone");
    expect(answer).toMatchObject({ "strict-transport-security": "max-age=1", "x-own": "1" });
    expect(answer).not.toHaveProperty("server");
  });

  it("does so in answers of the proxy's own too", async () => {
    const direct = await pass({ ...CHANGES, answer: { status: 404, body: "none" } });
    expect([direct.status, direct.answer["strict-transport-security"]]).toEqual([404, "max-age=1"]);
    const failed = await pass({ ...CHANGES, upstream: { name: "gone", url: `http://${await deadKey()}` } });
    expect([failed.status, failed.answer["strict-transport-security"]]).toEqual([502, "max-age=1"]);
  });

  it.each([
    [{ set: { "a b": "1" } }, "names of header fields"],
    [{ set: { "Content-Length": "1" } }, "neither frame"],
    [{ remove: ["traceparent"] }, "neither frame"],
    [{ set: { "x-a": "1" }, remove: ["X-A"] }, "named once"],
    [{ set: { "x-a": "1\r\nx-b: 2" } }, "fields.x-a"],
  ])("is refused where it cannot be: %j", (changes, text) => {
    expect(() => completeFields(changes, "fields")).toThrow(TypeError);
    expect(() => completeFields(changes, "fields")).toThrow(text);
  });
});
