/** How upstreams stand for several workers, each with connections and health checks of its own, as one. Pure. */
import type { UpstreamState } from "@tracemend/proxy";
import type { BoundaryUpstreams } from "./message.ts";

type EndpointState = UpstreamState["endpoints"][number];

const WORST = ["healthy", "ejected", "unhealthy"] as const;

/** Requests are added up; an endpoint stands as it does for the worker that thinks least of it. */
export function mergeUpstreams(workers: readonly (readonly BoundaryUpstreams[])[]): readonly BoundaryUpstreams[] {
  const boundaries = new Map<string, Map<string, UpstreamState>>();
  for (const { boundary, states } of workers.flat()) {
    const merged = boundaries.get(boundary) ?? new Map<string, UpstreamState>();
    boundaries.set(boundary, merged);
    for (const state of states) merged.set(state.name, mergeStates(merged.get(state.name), state));
  }
  return [...boundaries].map(([boundary, states]) => ({ boundary, states: [...states.values()] }));
}

function mergeStates(one: UpstreamState | undefined, other: UpstreamState): UpstreamState {
  if (one === undefined) return other;
  const endpoints = new Map<string, EndpointState>();
  for (const { address, state, open } of [...one.endpoints, ...other.endpoints]) {
    const before = endpoints.get(address);
    const worse = before !== undefined && WORST.indexOf(before.state) > WORST.indexOf(state) ? before.state : state;
    endpoints.set(address, { address, state: worse, open: open + (before?.open ?? 0) });
  }
  return {
    ...other,
    open: one.open + other.open,
    retries: one.retries + other.retries,
    endpoints: [...endpoints.values()],
  };
}
