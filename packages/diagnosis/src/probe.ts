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

const LONGEST_PATH: number = Math.max(...[...PROBE_PATHS].map((path) => path.length));

const AGENT_INITIALS: string = PROBE_AGENTS.map((prefix) => prefix.charAt(0)).join("");

/** Whether a request with this user agent or path is a probe or a scrape. */
export function isProbe(userAgent: string | undefined, path: string | undefined): boolean {
  if (path !== undefined && path.length <= LONGEST_PATH && PROBE_PATHS.has(path)) return true;
  return userAgent !== undefined && AGENT_INITIALS.includes(userAgent.charAt(0)) && isProbeAgent(userAgent);
}

function isProbeAgent(userAgent: string): boolean {
  return PROBE_AGENTS.some((prefix) => userAgent.startsWith(prefix));
}
