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
const PATH_LENGTHS: Uint8Array = new Uint8Array(64);
for (const path of PROBE_PATHS) PATH_LENGTHS[path.length] = 1;
const AGENT_INITIALS: Uint8Array = new Uint8Array(128);
for (const prefix of PROBE_AGENTS) AGENT_INITIALS[prefix.charCodeAt(0)] = 1;

/** Whether a request with this user agent or path is a probe or a scrape. */
export function isProbe(userAgent: string | undefined, path: string | undefined): boolean {
  if (path !== undefined && mayBeProbePath(path.length) && isProbePath(path)) return true;
  return userAgent !== undefined && mayBeProbeAgent(userAgent.charCodeAt(0)) && isProbeAgent(userAgent);
}

/** By the first character's code, which is NaN for an empty text. */
export function mayBeProbeAgent(initial: number): boolean {
  return AGENT_INITIALS[initial] === 1;
}

export function isProbeAgent(userAgent: string): boolean {
  return PROBE_AGENTS.some((prefix) => userAgent.startsWith(prefix));
}

export function mayBeProbePath(length: number): boolean {
  return PATH_LENGTHS[length] === 1;
}

export function isProbePath(path: string): boolean {
  return PROBE_PATHS.has(path);
}
