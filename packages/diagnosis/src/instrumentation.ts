/**
 * How well services are instrumented, by those rules of the Instrumentation Score specification that a stream of spans can
 * show. They are that specification's rules and its only; what breaks a trace is told apart, by our own kinds.
 */
import type { Service } from "./service.ts";
import {
  BROWSER_LANGUAGE,
  CLIENT_ROOTS,
  CROWDED_TRACES,
  FLICKERING_TRACES,
  PARENTS_CHECKED,
  PARENTS_MISSING,
  ROOTS,
  WORKED_TRACES,
} from "./service.ts";

export type InstrumentationRule = "SPA-001" | "SPA-002" | "SPA-004" | "SPA-005" | "RES-005" | "SDK-001";

/** The specification's weights: critical 40, important 30, normal 20, low 10. */
export type RuleImpact = "critical" | "important" | "normal" | "low";

export interface RuleState {
  /** The service; "" for spans that name none. */
  readonly service: string;
  readonly rule: InstrumentationRule;
  readonly impact: RuleImpact;
  /** What was looked at in the window (traces, spans or processes), and how much of it fails. */
  readonly checked: number;
  readonly failed: number;
  /** What was found, as a sentence. */
  readonly text: string;
}

/** Rules that nothing was seen for are left out. */
export function instrumentationOf(service: Service, nowMs: number): readonly RuleState[] {
  const { name, tally } = service;
  const sum = (counter: number): number => tally.sum(counter, nowMs);
  const states: RuleState[] = [];
  const tell = (rule: InstrumentationRule, impact: RuleImpact, checked: number, failed: number, text: string): void => {
    if (checked > 0) states.push({ service: name, rule, impact, checked, failed, text });
  };
  const traces = sum(WORKED_TRACES);
  const crowded = sum(CROWDED_TRACES);
  const flickering = sum(FLICKERING_TRACES);
  const parents = sum(PARENTS_CHECKED);
  const missing = sum(PARENTS_MISSING);
  const roots = sum(ROOTS);
  const clients = sum(CLIENT_ROOTS);
  tell(
    "SPA-001",
    "normal",
    traces,
    crowded,
    `${crowded} of ${traces} traces have more than 10 internal spans of ${name}.`,
  );
  tell("SPA-002", "normal", parents, missing, `The parents of ${missing} of ${parents} spans were never exported.`);
  if (service.language !== BROWSER_LANGUAGE) {
    tell("SPA-004", "important", roots, clients, `${clients} of ${roots} root spans are CLIENT spans.`);
  }
  tell(
    "SPA-005",
    "important",
    traces,
    flickering,
    `${flickering} of ${traces} traces have more than 20 spans of ${name} below 5 ms.`,
  );
  tell("RES-005", "critical", service.spans, 0, `All ${service.spans} spans name their service.`);
  const known = [...service.instances.values()].filter(({ supported }) => supported !== undefined);
  const old = known.filter(({ supported }) => supported === false).length;
  tell(
    "SDK-001",
    "low",
    known.length,
    old,
    `${old} of ${known.length} processes run on a runtime below what their SDK supports.`,
  );
  return states;
}

export function unnamedState(spans: number): readonly RuleState[] {
  if (spans === 0) return [];
  const text = `${spans} spans came without service.name.`;
  return [{ service: "", rule: "RES-005", impact: "critical", checked: spans, failed: spans, text }];
}
