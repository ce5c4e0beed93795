/** Which requests are probes and scrapes: they begin traces of their own, and many services do not record them. */

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

/** What most requests tell at once: the lengths of those paths, and the first characters of those agents. */
const PATH_LENGTHS: ReadonlySet<number> = new Set([...PROBE_PATHS].map((path) => path.length));
const AGENT_INITIALS: Uint8Array = new Uint8Array(128);
for (const prefix of PROBE_AGENTS) AGENT_INITIALS[prefix.charCodeAt(0)] = 1;

/** Whether a request with this user agent or path is a probe or a scrape. */
export function isProbe(userAgent: string | undefined, path: string | undefined): boolean {
  if (path !== undefined && PATH_LENGTHS.has(path.length) && PROBE_PATHS.has(path)) return true;
  return userAgent !== undefined && AGENT_INITIALS[userAgent.charCodeAt(0)] === 1 && isProbeAgent(userAgent);
}

function isProbeAgent(userAgent: string): boolean {
  return PROBE_AGENTS.some((prefix) => userAgent.startsWith(prefix));
}
