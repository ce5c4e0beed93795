/** From the options for other formats to rules, with the formats looked up by name. */
import { checkOneOf, checkedEach, wrong } from "./check.ts";
import type { Format, FormatName } from "./foreign/format.ts";
import { FORMATS } from "./foreign/formats.ts";
import type { ForeignRules } from "./foreign/rules.ts";
import { bindForeignRules } from "./foreign/rules.ts";
import type { Repair } from "./policy.ts";

export interface ForeignOptions {
  /** Formats a context is taken from, the first that has one decides. Must name `w3c`. Default: `w3c` alone. */
  readonly extract?: readonly (FormatName | "w3c")[];
  /** Two formats that name different traces: the order decides (default), or the trace restarts. */
  readonly conflict?: "order" | "restart";
  /**
   * Formats that are written beside W3C's; `preserve` stands for those a context came in. Default: `preserve`, because a
   * context that was taken from a format and left in it as it came would split the trace.
   */
  readonly inject?: readonly (FormatName | "w3c" | "preserve")[];
  /** What `preserve` comes to where no other format came. Default: none. */
  readonly injectDefault?: FormatName;
  /** What the repair `stale` does. Default `refresh`. */
  readonly stale?: "refresh" | "remove";
}

export function defineForeign(options: ForeignOptions, stale: Repair): ForeignRules | undefined {
  const { extract = ["w3c"], inject = ["preserve"], injectDefault, conflict = "order" } = options;
  checkOneOf("conflict", conflict, ["order", "restart"]);
  checkOneOf("stale", options.stale ?? "refresh", ["refresh", "remove"]);
  if (!extract.includes("w3c")) throw wrong("extract", extract, "a list that names w3c: traceparent is always read");
  const formats = formatsOf("extract", extract, ["w3c"]);
  const injected = formatsOf("inject", inject, ["w3c", "preserve"]);
  for (const format of injected) checkWritten("inject", format);
  const fallback = injectDefault === undefined ? undefined : formatsOf("injectDefault", [injectDefault], [])[0];
  if (fallback !== undefined) checkWritten("injectDefault", fallback);
  if (formats.length === 0 && injected.length === 0 && fallback === undefined && stale === "off") return undefined;
  // What is written is read before: fields have parts that are not ours and go along.
  const written = fallback === undefined ? injected : [...injected, fallback];
  const watched = [...FORMATS.values()].filter(
    (format) => !formats.includes(format) && (stale !== "off" || written.includes(format)),
  );
  return bindForeignRules(
    { formats, beforeW3c: extract.indexOf("w3c"), watched, conflict },
    { formats: injected, preserve: inject.includes("preserve"), fallback, stale: options.stale ?? "refresh" },
    stale,
  );
}

function formatsOf(option: string, names: readonly string[], others: readonly string[]): readonly Format[] {
  const wanted = `one of ${[...others, ...FORMATS.keys()].join(", ")}`;
  checkedEach(option, names, (name) => others.includes(name) || FORMATS.has(name as FormatName) || undefined, wanted);
  if (new Set(names).size < names.length) throw wrong(option, names, "a list without a name twice");
  return names.flatMap((name) => FORMATS.get(name as FormatName) ?? []);
}

function checkWritten(option: string, format: Format): void {
  if (format.write === undefined)
    throw wrong(option, format.name, "a format that can be written; this one is only recognised");
}
