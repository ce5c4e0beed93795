/** Two clusters, a gateway between them that strips trace headers, and tracemend at both borders: before and after. */
import { parseArgs } from "node:util";
import { SPANS_PER_REQUEST, breaksSeen, settled } from "./observe.ts";
import type { Clusters, Repair } from "./clusters.ts";
import { startClusters } from "./clusters.ts";
import { countPath } from "./count.ts";
import { pause } from "./processes.ts";
import type { Phase } from "./report.ts";
import { breaksText, countsTable, verdictOf } from "./report.ts";
import { bar, line, status } from "./screen.ts";
import { send } from "./traffic.ts";

const PRODUCTS = 40;
const PRICES = 20;
const WIDTH = 4;

const { values } = parseArgs({ options: { once: { type: "boolean", default: false } } });

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

async function runPhase(clusters: Clusters, repair: Repair): Promise<Phase> {
  const title = repair === "on" ? "with repair   " : "without repair";
  const total = PRODUCTS + PRICES;
  let before = 0;
  const told = (done: number): void => {
    const whole = countPath(clusters.agents.spans, "/products", "catalogue").whole;
    status(`${title} ${bar(before + done, total)} ${before + done}/${total} requests, ${whole} whole traces so far`);
  };
  const products = await send(clusters.shopUrl, "/products", PRODUCTS, WIDTH, told);
  before = PRODUCTS;
  const prices = await send(clusters.shopUrl, "/prices", PRICES, WIDTH, told);
  status(`${title} waiting for the last spans …`);
  const complete = await settled(clusters.agents, total * SPANS_PER_REQUEST);
  const spans = clusters.agents.take();
  status(`${title} waiting for the diagnosis …`);
  const { breaks, requests } = await breaksSeen(clusters);
  await settled(clusters.agents, requests * SPANS_PER_REQUEST);
  clusters.agents.take();
  const phase: Phase = {
    repair,
    sent: { products, prices },
    products: countPath(spans, "/products", "catalogue"),
    prices: countPath(spans, "/prices", "prices"),
    spans: spans.length,
    complete,
    breaks,
  };
  line(
    `${title} ${total} requests, ${phase.spans} spans exported; whole traces through the gateway: ` +
      `${phase.products.whole} of ${PRODUCTS}`,
  );
  return phase;
}

async function main(): Promise<number> {
  const since = performance.now();
  const clusters = await startClusters((what) => line(what));
  try {
    line(`cluster eu-1: shop (Express, OpenTelemetry SDK) → tracemend egress`);
    line(`              → edge gateway (forwards an allow-list of headers, traceparent is not on it) →`);
    line(`cluster us-1: tracemend ingress → catalogue (Hono, OpenTelemetry SDK), prices (ignores traceparent)\n`);
    const without = await runPhase(clusters, "report");
    if (stop.signal.aborted) return 130;
    await clusters.setRepair("on");
    const repaired = await runPhase(clusters, "on");
    line(`\n${countsTable(without, repaired)}\n`);
    line(breaksText(without, repaired));
    const findings = verdictOf(without, repaired, { products: PRODUCTS, prices: PRICES });
    for (const finding of findings) line(`does not hold: ${finding}`);
    line(`\n${findings.length === 0 ? "All counts hold" : "The counts do not hold"} after ${seconds(since)}.`);
    if (values.once || stop.signal.aborted) return findings.length === 0 ? 0 : 1;
    await keepRunning(clusters);
    return 0;
  } finally {
    status("stopping …");
    await clusters.stop();
    status("");
  }
}

/** Traffic goes on until Ctrl-C, a few requests a second, so that the pages have something to show. */
async function keepRunning(clusters: Clusters): Promise<void> {
  line(`\nStill running; Ctrl-C ends it. To look at:`);
  line(`  the shop             ${clusters.shopUrl}/products  ${clusters.shopUrl}/prices`);
  for (const [cluster, url] of Object.entries(clusters.adminUrls)) {
    line(`  tracemend ${cluster}       ${url}/diagnostics  ${url}/diagnostics/breaks  ${url}/metrics`);
  }
  let requests = 0;
  let whole = 0;
  while (!stop.signal.aborted) {
    await send(clusters.shopUrl, "/products", 4, 2, () => {});
    await send(clusters.shopUrl, "/prices", 1, 1, () => {});
    await settled(clusters.agents, 5 * SPANS_PER_REQUEST);
    const counted = countPath(clusters.agents.take(), "/products", "catalogue");
    requests += counted.requests;
    whole += counted.whole;
    status(`through the gateway since then: ${whole} of ${requests} traces whole`);
    await pause(1000, stop.signal);
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  line(`the demonstration could not run: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
