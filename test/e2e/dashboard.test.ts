import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { startCollector } from "../support/collector.ts";
import type { Collector } from "../support/collector.ts";
import type { ProgramProcess } from "../support/program.ts";
import { startProgram } from "../support/program.ts";
import type { RecordingUpstream } from "../support/upstream.ts";
import { startUpstream } from "../support/upstream.ts";

const browser = await launchBrowser();

/** A carrier that a border of cluster eu-1 wrote, as it arrives behind a gateway that dropped `traceparent`. */
const CARRIER = "tm1.4bf92f3577b34da6a3ce929d0e0e4736.00f067aa0ba902b7.01.eu-1";

describe.skipIf(browser === undefined)("the diagnostics page in a browser", () => {
  let upstream: RecordingUpstream;
  let collector: Collector;
  let program: ProgramProcess;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    upstream = await startUpstream();
    collector = await startCollector();
    program = await startProgram(`
cluster: us-1
boundaries:
  - name: us-1-ingress
    side: ingress
    listen: "127.0.0.1:0"
    policy: { repair: report, carrier: { read: true } }
    routes: [{ upstream: catalogue }]
upstreams: { catalogue: { url: "${upstream.url}" } }
destinations: { agent: { endpoint: "http://127.0.0.1:${collector.port}", region: us } }
admin: { listen: "127.0.0.1:0" }
`);
    page = await (browser as Browser).newPage();
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") problems.push(message.text());
    });
  });

  afterAll(async () => {
    await browser?.close();
    await program.stop();
    await collector.close();
    await upstream.close();
  });

  it("shows that nothing has happened before anything has", async () => {
    await page.goto(`${program.url("admin")}/diagnostics`);
    await page.getByText("None is seen.").waitFor();
    await page.getByText("No request has crossed yet.").waitFor();
    expect(await page.title()).toBe("tracemend: broken traces");
  });

  it("draws the break, its evidence and what to change, without being loaded anew", async () => {
    for (let requests = 0; requests < 30; requests += 1) {
      const headers = { "x-tracemend-context": CARRIER };
      expect((await fetch(`${program.url("boundary us-1-ingress")}/`, { headers })).status).toBe(200);
    }
    await page.getByRole("heading", { name: /^stripped-before-us: / }).waitFor();
    await page.getByText("What to change:").waitFor();
    await page.locator("svg path.broken").waitFor({ state: "attached" });
    expect(await page.locator("svg").textContent()).toContain("stripped-before-us: 30 of 30");
    await page.getByRole("button", { name: "HAProxy" }).click();
    expect(await page.locator("pre").first().textContent()).toContain("http-request set-header traceparent");
  });

  it("keeps what a reader has opened, chosen and focused while traffic goes on", async () => {
    const card = page.locator("article");
    await card.getByText("Trace ids of examples").click();
    await card.getByRole("button", { name: "HAProxy" }).focus();
    const headers = { "x-tracemend-context": CARRIER };
    await fetch(`${program.url("boundary us-1-ingress")}/`, { headers });
    await card.getByText("31 of 31 requests from").waitFor();
    expect(await card.locator("details[open]").count()).toBe(1);
    expect(await card.getByRole("button", { pressed: true }).textContent()).toBe("HAProxy");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("HAProxy");
    expect(await card.locator("pre").textContent()).toContain("http-request set-header traceparent");
  });

  it("fits a narrow screen, and tells its edges to those who do not see the drawing", async () => {
    await page.setViewportSize({ width: 390, height: 800 });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    await page.getByText("The same as a table").click();
    await page.getByRole("region", { name: "Edges" }).getByRole("cell", { name: "broken" }).waitFor();
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it("says to those who hear it what each column is, and what each labelled part is", async () => {
    expect(await page.locator("th").evaluateAll((all) => all.filter((one) => one.textContent === "").length)).toBe(0);
    // Without a role a label on such an element may be passed over.
    expect(await page.locator(":is(div, pre, span, figure)[aria-label]:not([role])").count()).toBe(0);
  });

  it("draws the worst of many edges, and a name is text that turns nothing round it", async () => {
    const report = JSON.parse((await program.page("/diagnostics/breaks")).text) as { edges: object[] };
    const edges = Array.from({ length: 200 }, (_, at) => ({
      ...report.edges[0],
      upstream: at === 150 ? "<b>\u202Eevil" : `service-${at}`,
      verdict: at === 150 ? "broken" : "intact",
    }));
    await page.route("**/diagnostics/breaks", (route) => route.fulfill({ json: { ...report, edges } }));
    await page.getByText("24 of 201 edges are drawn").waitFor();
    expect(await page.locator("svg").textContent()).toContain("<b>\uFFFDevil");
    expect(await page.locator("#edges tbody tr").count()).toBe(201);
    await page.unroute("**/diagnostics/breaks");
    await page.getByText("of 201 edges").waitFor({ state: "detached" });
  });

  it("shows the destination and its region", async () => {
    await page.getByRole("cell", { name: "us", exact: true }).waitFor();
    expect(await page.locator("#destinations").textContent()).toMatch(/agentus(yes|no)/);
  });

  it("loads nothing from anywhere else, and no script fails", () => {
    expect(problems).toEqual([]);
  });
});
