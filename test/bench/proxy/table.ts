/** The figures as one text in Markdown: a table of CPU time with its ratios, and what else was measured. */
import type { Memory } from "./memory.ts";
import type { Row } from "./rows.ts";

export interface Measured {
  /** CPU time of the process under test for one request. */
  readonly cpuMicros: number;
  /** Requests in a second. */
  readonly rate: number;
  /** One request at a time, less what the origin alone takes. */
  readonly addedP50Ms: number;
  readonly addedP99Ms: number;
}

export interface Findings {
  readonly names: readonly string[];
  readonly measured: ReadonlyMap<Row, ReadonlyMap<string, Measured>>;
  readonly memory: ReadonlyMap<string, Memory>;
  /** Whether trailers of HTTP/1.1 come through. */
  readonly trailers: ReadonlyMap<string, boolean>;
  readonly rounds: number;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}

export function formatTable({ names, measured, memory, trailers, rounds }: Findings): string {
  const lines = [
    `CPU time per request, median of ${rounds} rounds in turns; requests in a second; milliseconds added, one at a time.`,
  ];
  for (const [row, each] of measured) {
    lines.push(
      "",
      `| ${row.name} | CPU µs | × nginx | × http-proxy-3 | req/s | + p50 ms | + p99 ms |`,
      `|---|---|---|---|---|---|---|`,
    );
    for (const name of names) {
      const one = each.get(name);
      const cells =
        one === undefined
          ? ["cannot", "", "", "", "", ""]
          : [
              one.cpuMicros.toFixed(1),
              ratio(one, each.get("nginx")),
              ratio(one, each.get("http-proxy-3")),
              one.rate.toFixed(0),
              one.addedP50Ms.toFixed(3),
              one.addedP99Ms.toFixed(3),
            ];
      lines.push(`| ${[name, ...cells].join(" | ")} |`);
    }
  }
  lines.push(
    "",
    "| | trailers of HTTP/1.1 | KiB for an idle connection | more for a request in flight |",
    "|---|---|---|---|",
  );
  for (const name of names) {
    const held = memory.get(name);
    const kib = held === undefined ? ["", ""] : [held.idleKib.toFixed(1), held.inFlightKib.toFixed(1)];
    lines.push(`| ${[name, trailers.get(name) === true ? "kept" : "dropped", ...kib].join(" | ")} |`);
  }
  return `${lines.join("\n")}\n`;
}

function ratio(one: Measured, base: Measured | undefined): string {
  return base === undefined ? "" : (one.cpuMicros / base.cpuMicros).toFixed(2);
}
