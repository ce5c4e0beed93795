/** Every row over one connection, with a request behind it that must not be mistaken for part of it. */
import { dialLenient } from "../support/lenient-peer.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Border } from "./border.ts";
import { openBorder } from "./border.ts";
import type { Http1Case } from "./http1-case.ts";
import { SMUGGLED } from "./http1-case.ts";
import { FRAMING_CASES } from "./http1-framing-cases.ts";
import { HEAD_CASES } from "./http1-head-cases.ts";
import { TARGET_CASES } from "./http1-target-cases.ts";
import type { LenientService } from "./lenient-service.ts";
import { spell, startLenientService } from "./lenient-service.ts";

let service: LenientService;
let border: Border;
beforeEach(async () => {
  service = await startLenientService();
  border = await openBorder(service.url);
});
afterEach(async () => {
  await border.close();
  await service.close();
});

const LAST = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/** Through the same pool of connections: a service that was left with half a request would take this for its rest. */
async function nothingIsLeftBehind(): Promise<void> {
  const caller = await dialLenient(border.port);
  caller.send(LAST);
  expect(await caller.closed).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n\/last$/s);
  expect(service.disagreements()).toEqual([]);
}

async function isRefused({ bytes, refused }: Http1Case): Promise<void> {
  const caller = await dialLenient(border.port);
  caller.send(bytes + SMUGGLED);
  const answer = await caller.closed;
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${refused} `));
  expect(answer.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
  expect(service.requests).toEqual([]);
  await nothingIsLeftBehind();
  expect(service.requests.map(({ target }) => target)).toEqual(["/last"]);
}

async function arrivesSo({ bytes, arrives = [], ends = false }: Http1Case): Promise<void> {
  const caller = await dialLenient(border.port);
  caller.send(bytes + LAST);
  const answer = await caller.closed;
  const expected = ends ? [...arrives] : [...arrives, ["GET /last HTTP/1.1", "host: a"]];
  expect(answer.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(expected.length);
  // Those with a body take another connection to the service: their order among the others is not kept there.
  expect(service.requests.map(spell).sort()).toEqual(expected.map((lines) => lines.join("\n")).sort());
  await nothingIsLeftBehind();
}

const CASES = [...FRAMING_CASES, ...HEAD_CASES, ...TARGET_CASES];

describe("over HTTP/1.1 what is refused, with an end of the connection and without a trace at the service:", () => {
  it.each(CASES.filter(({ refused }) => refused !== undefined))("$name", isRefused);
});

describe("over HTTP/1.1 what arrives, read the same by every reader:", () => {
  it.each(CASES.filter(({ refused }) => refused === undefined))("$name", arrivesSo);
});

describe("bytes that cannot be read behind requests that can", () => {
  it("are answered behind the answers to those", async () => {
    const caller = await dialLenient(border.port);
    caller.send("GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\n\r\nGET /three\r\n\r\n");
    const answer = await caller.closed;
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 400"]);
    expect(answer).toMatch(/\/one.*\/two.*bad request/s);
  });

  it("are answered behind it too where they are the body of the second, which reaches no service", async () => {
    const caller = await dialLenient(border.port);
    caller.send(
      "GET /one HTTP/1.1\r\nHost: a\r\n\r\nPOST /two HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    );
    const answer = await caller.closed;
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 400"]);
    expect(service.requests.map(({ target }) => target)).not.toContain("/two");
    await nothingIsLeftBehind();
  });
});
