/** Drops the traces nobody wants to see, health checks above all; whole traces, so that no span is left an orphan. */
import { forEachSpan, selectSpans } from "@tracemend/otlp";
import type { AttributeValue, Batch, SpanView } from "@tracemend/otlp";
import { accepted } from "../outcome.ts";
import type { Stage } from "../stage.ts";
import type { DeniedTraces } from "./denied-traces.ts";

/** All conditions given must hold. Texts are exact, or beginnings followed by "*". */
export interface FilterRule {
  /** Names the counter. */
  readonly name: string;
  /** Of the span; default server: what a service was asked for. */
  readonly kinds?: readonly SpanKind[];
  /** `service.name` of the resource. */
  readonly services?: readonly string[];
  readonly spanNames?: readonly string[];
  /** `http.route`, else `url.path`, else `http.target` up to its query. */
  readonly routes?: readonly string[];
  /** Attributes of the span, else of its resource. */
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

export type SpanKind = "internal" | "server" | "client" | "producer" | "consumer";

export interface FilterOptions {
  /** A span that a rule names takes its trace with it: in this batch, and in those that come while it is remembered. */
  readonly rules: readonly FilterRule[];
  readonly denied: DeniedTraces;
  readonly filtered: (rule: string, spans: number) => void;
}

type Test = (span: SpanView) => boolean;

export interface Filter {
  /** Denies the traces of which a rule names a span. To stand where spans still are as they were sent. */
  readonly mark: Stage;
  /** Drops the spans of denied traces. Batches of other signals pass. */
  readonly drop: Stage;
  /** The rule that would name a server span of this path, whoever sent it. */
  ruleOfPath(path: string): string | undefined;
}

/**
 * Spans that came before the one that shows what they belong to have gone on; whoever knows of a trace sooner, such as
 * the proxy it began in, puts it in `denied`. Throws a TypeError that names a wrong rule.
 */
export function filter({ rules, denied, filtered }: FilterOptions): Filter {
  const tests = rules.map((rule) => ({ name: rule.name, matches: defineTest(rule) }));
  const ofPaths = rules
    .filter(asksForRouteOnly)
    .map(({ name, routes = [] }) => ({ name, matches: defineMatch(routes) }));

  const leave = (batch: Batch): Batch => {
    const counts = new Map<string, number>();
    const left = selectSpans(batch, (span) => {
      const rule = denied.ruleOf(span.traceId());
      if (rule !== undefined) counts.set(rule, (counts.get(rule) ?? 0) + 1);
      return rule === undefined;
    });
    for (const [rule, spans] of counts) filtered(rule, spans);
    return left;
  };

  return {
    mark: (next) =>
      tests.length === 0
        ? next
        : {
            accept(batch, signal) {
              forEachSpan(batch, (span) => {
                const rule = tests.find(({ matches }) => matches(span));
                if (rule !== undefined) denied.deny(span.traceId(), rule.name);
              });
              return next.accept(batch, signal);
            },
            close: (signal) => next.close(signal),
          },
    drop: (next) => ({
      accept(batch, signal) {
        if (batch.signal !== "traces" || denied.size === 0) return next.accept(batch, signal);
        const left = leave(batch);
        return left !== batch && left.items === 0 ? Promise.resolve(accepted) : next.accept(left, signal);
      },
      close: (signal) => next.close(signal),
    }),
    ruleOfPath: (path) => ofPaths.find(({ matches }) => matches(path))?.name,
  };
}

function asksForRouteOnly({ kinds, services, spanNames, routes, attributes }: FilterRule): boolean {
  const others = services ?? spanNames ?? attributes;
  return routes !== undefined && others === undefined && (kinds === undefined || kinds.includes("server"));
}

/** Throws a TypeError that names a wrong rule. */
export function checkFilter(rules: readonly FilterRule[]): void {
  rules.forEach(defineTest);
}

/** By number, as OTLP has them. */
const kinds: readonly SpanKind[] = ["internal", "server", "client", "producer", "consumer"];

function defineTest(rule: FilterRule): Test {
  const tests: Test[] = [];
  const add = (
    option: string,
    texts: readonly string[] | undefined,
    read: (span: SpanView) => AttributeValue | undefined,
  ): void => {
    if (texts === undefined) return;
    if (texts.length === 0) throw new TypeError(`filter rule ${rule.name}: ${option} must not be empty`);
    const matches = defineMatch(texts);
    tests.push((span) => {
      const text = read(span);
      return typeof text === "string" && matches(text);
    });
  };
  add("services", rule.services, (span) => span.resourceAttribute("service.name"));
  add("spanNames", rule.spanNames, (span) => span.name());
  add("routes", rule.routes, routeOf);
  for (const [key, value] of Object.entries(rule.attributes ?? {})) {
    if (typeof value === "string")
      add("attributes", [value], (span) => span.attribute(key) ?? span.resourceAttribute(key));
    else tests.push((span) => (span.attribute(key) ?? span.resourceAttribute(key)) === value);
  }
  if (rule.name === "" || tests.length === 0) {
    throw new TypeError(
      `filter rule ${JSON.stringify(rule.name)} needs a name and services, spanNames, routes or attributes`,
    );
  }
  const wanted = rule.kinds ?? ["server"];
  const wrong = wanted.find((kind) => !kinds.includes(kind));
  if (wrong !== undefined) throw new TypeError(`filter rule ${rule.name}: kinds cannot have ${wrong}`);
  const numbers = new Set(wanted.map((kind) => kinds.indexOf(kind) + 1));
  return (span) => numbers.has(span.kind()) && tests.every((test) => test(span));
}

function routeOf(span: SpanView): AttributeValue | undefined {
  const route = span.attribute("http.route") ?? span.attribute("url.path");
  if (route !== undefined) return route;
  const target = span.attribute("http.target");
  return typeof target === "string" ? target.split("?", 1)[0] : undefined;
}

function defineMatch(texts: readonly string[]): (text: string) => boolean {
  const exact = new Set(texts.filter((text) => !text.endsWith("*")));
  const beginnings = texts.filter((text) => text.endsWith("*")).map((text) => text.slice(0, -1));
  return (text) => exact.has(text) || beginnings.some((beginning) => text.startsWith(beginning));
}
