/** Which root SERVER spans are no sign of a break: probes, scrapes and batch work begin traces of their own. */
import type { SpanView } from "@tracemend/otlp";

const PROBE_AGENTS: readonly string[] = [
  "kube-probe/",
  "ELB-HealthChecker/",
  "GoogleHC/",
  "Prometheus/",
  "Envoy/HC",
  "Consul Health Check",
  "Amazon-Route53-Health-Check-Service",
  "Better Uptime Bot",
  "Blackbox Exporter/",
];

const PROBE_PATHS: ReadonlySet<string> = new Set([
  "/health",
  "/healthz",
  "/livez",
  "/readyz",
  "/ready",
  "/live",
  "/ping",
  "/metrics",
  "/-/healthy",
  "/-/ready",
  "/actuator/health",
  "/actuator/health/liveness",
  "/actuator/health/readiness",
  "/actuator/prometheus",
  "/grpc.health.v1.Health/Check",
  "/grpc.health.v1.Health/Watch",
]);

/** Whether a request with this user agent or path is a probe or a scrape. */
export function isProbe(userAgent: string | undefined, path: string | undefined): boolean {
  if (path !== undefined && PROBE_PATHS.has(path)) return true;
  return userAgent !== undefined && PROBE_AGENTS.some((prefix) => userAgent.startsWith(prefix));
}

/** Whether this root span begins a trace by right. Attribute names: OpenTelemetry HTTP conventions, new and old. */
export function isLegitimateRoot(span: SpanView): boolean {
  const userAgent = textAttribute(span, "user_agent.original") ?? textAttribute(span, "http.user_agent");
  const target =
    textAttribute(span, "url.path") ?? textAttribute(span, "http.target") ?? textAttribute(span, "http.route");
  if (isProbe(userAgent, target === undefined ? undefined : withoutQuery(target))) return true;
  return textAttribute(span, "rpc.service") === "grpc.health.v1.Health";
}

export function textAttribute(span: SpanView, key: string): string | undefined {
  const value = span.attribute(key);
  return typeof value === "string" ? value : undefined;
}

function withoutQuery(target: string): string {
  const at = target.indexOf("?");
  return at < 0 ? target : target.slice(0, at);
}
