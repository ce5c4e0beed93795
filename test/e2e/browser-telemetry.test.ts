import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { startCollector } from "../support/collector.ts";
import type { Collector } from "../support/collector.ts";
import type { ProgramProcess } from "../support/program.ts";
import { startProgram } from "../support/program.ts";

const browser = await launchBrowser();

/** What an SDK in a page exports, as OTLP/JSON. */
const traces = (name: string): string =>
  JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "shop-page" } }] },
        scopeSpans: [
          {
            spans: [
              {
                traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
                spanId: "00f067aa0ba902b7",
                name,
                kind: 3,
                startTimeUnixNano: "1800000000000000000",
                endTimeUnixNano: "1800000000020000000",
              },
            ],
          },
        ],
      },
    ],
  });

describe.skipIf(browser === undefined)("telemetry of pages in a browser", () => {
  const pages = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>shop</title>");
  });
  let collector: Collector;
  let program: ProgramProcess;
  let port: number;

  beforeAll(async () => {
    pages.listen(0, "127.0.0.1");
    await once(pages, "listening");
    ({ port } = pages.address() as AddressInfo);
    collector = await startCollector();
    program = await startProgram(`
cluster: us-1
receivers: { otlp_http: { listen: "127.0.0.1:0", cors: { allowed_origins: ["http://127.0.0.1:${port}"] } } }
destinations: { agent: { endpoint: "http://127.0.0.1:${collector.port}" } }
`);
  });

  afterAll(async () => {
    await browser?.close();
    await program.stop();
    await collector.close();
    pages.close();
    pages.closeAllConnections();
  });

  const open = async (host: string) => {
    const page = await (browser as Browser).newPage();
    await page.goto(`http://${host}:${port}/`);
    return page;
  };
  const url = (): string => `${program.url("otlp http")}/v1/traces`;

  it("arrives from an origin that may send: by fetch, and by the beacon of a page that is left", async () => {
    const page = await open("127.0.0.1");
    const status = await page.evaluate(
      async ([to, body]) =>
        (
          await fetch(to as string, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: body as string,
          })
        ).status,
      [url(), traces("fetched")],
    );
    expect(status).toBe(200);
    const beacon = JSON.stringify([url(), traces("left")]);
    await page.evaluate(`((to, body) =>
      navigator.sendBeacon(to, new Blob([body], { type: "application/json" })))(...${beacon})`);
    await collector.until((spans) => spans.length === 2);
    expect(collector.spans.map(({ name, service }) => [name, service])).toEqual([
      ["fetched", "shop-page"],
      ["left", "shop-page"],
    ]);
  });

  it("is kept back by the browser where the origin may not send", async () => {
    const page = await open("localhost");
    const outcome = await page.evaluate(
      async ([to, body]) => {
        const sent = fetch(to as string, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: body as string,
        });
        return sent.then(String, (error: Error) => error.name);
      },
      [url(), traces("foreign")],
    );
    expect(outcome).toBe("TypeError");
    expect(collector.spans.map(({ name }) => name)).not.toContain("foreign");
  });
});
