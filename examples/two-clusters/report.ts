/** The final table, the breaks as a person reads them, and whether the counts hold. */
import type { Repair } from "./clusters.ts";
import type { PathCount } from "./count.ts";
import type { SeenBreak } from "./observe.ts";
import { table, wrap } from "./screen.ts";
import type { Sent } from "./traffic.ts";

export interface Phase {
  readonly repair: Repair;
  readonly sent: { readonly products: Sent; readonly prices: Sent };
  readonly products: PathCount;
  readonly prices: PathCount;
  readonly spans: number;
  /** Whether exactly the expected number of spans was exported. */
  readonly complete: boolean;
  readonly breaks: readonly SeenBreak[];
}

export function countsTable(without: Phase, repaired: Phase): string {
  const row = (what: string, before: PathCount, after: PathCount): string[] => [
    what,
    `${before.whole} of ${before.requests} (in ${before.traces} traces)`,
    `${after.whole} of ${after.requests} (in ${after.traces} traces)`,
  ];
  return table([
    ["whole traces, from exported spans", "without repair", "with repair"],
    row("shop → gateway → catalogue", without.products, repaired.products),
    row("shop → gateway → prices", without.prices, repaired.prices),
  ]);
}

/** What broke, on which hop, on what evidence, what to change; and what repair made of it. */
export function breaksText(without: Phase, repaired: Phase): string {
  return without.breaks.map((found) => breakText(found, repaired.breaks)).join("\n\n");
}

function breakText(found: SeenBreak, later: readonly SeenBreak[]): string {
  const { kind, edge, count, of, confidence } = found;
  const after = later.find((one) => one.kind === kind && one.edge.hop === edge.hop);
  const lines = [
    `■ ${kind}: ${edge.hop}`,
    `  ${edge.from} → ${edge.to}: ${count} of ${of} requests, confidence ${confidence.toFixed(2)}`,
    wrap(found.explanation, "  "),
    ...found.evidence.map((fact) => wrap(fact, "    ").replace(/^ {4}/, "  • ")),
    wrap(`What to change: ${found.remedy.text}`, "  "),
  ];
  if (found.remedy.snippet !== undefined) lines.push(found.remedy.snippet.trimEnd().replaceAll(/^/gm, "      "));
  if (after !== undefined) lines.push(`  With repair on: ${after.traffic}, ${after.count} of ${after.of} requests.`);
  return lines.join("\n");
}

/** What does not hold; empty where everything does. */
export function verdictOf(
  without: Phase,
  repaired: Phase,
  sent: { readonly products: number; readonly prices: number },
): readonly string[] {
  const findings: string[] = [];
  const hold = (holds: boolean, finding: string): void => {
    if (!holds) findings.push(finding);
  };
  for (const phase of [without, repaired]) {
    const name = phase.repair === "on" ? "with repair" : "without repair";
    const { products, prices } = phase.sent;
    hold(products.failed + prices.failed === 0, `${name}: ${products.failed + prices.failed} requests failed`);
    hold(
      products.idsLost + prices.idsLost === 0,
      `${name}: ${products.idsLost + prices.idsLost} request ids were lost`,
    );
    hold(phase.complete, `${name}: ${phase.spans} spans were exported, not as many as were made`);
    hold(phase.products.requests === sent.products, `${name}: the shop traced ${phase.products.requests} requests`);
    for (const kind of ["stripped-before-us", "dropped-by-callee"] as const) {
      hold(phase.breaks.filter((found) => found.kind === kind).length === 1, `${name}: not one break ${kind} reported`);
    }
    hold(phase.prices.whole === 0, `${name}: ${phase.prices.whole} traces through prices were whole`);
  }
  hold(without.products.whole === 0, `without repair ${without.products.whole} traces were whole`);
  hold(repaired.products.whole === sent.products, `with repair only ${repaired.products.whole} traces were whole`);
  return findings;
}
