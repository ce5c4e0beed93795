/** Reads the peers out of an EndpointSlice (discovery.k8s.io/v1). */
import { formatPeer } from "./resolver.ts";

/** As much of it as is needed; what comes over the network may lack any of it. */
export interface EndpointSlice {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[] | null;
  readonly endpoints?:
    | readonly { readonly addresses?: readonly string[]; readonly conditions?: { readonly ready?: boolean } }[]
    | null;
}

/** `port` is the name of one of the slice's ports, or a number. */
export function peersOf(slice: EndpointSlice, port: string | number): readonly string[] {
  const number = typeof port === "number" ? port : slice.ports?.find((each) => each.name === port)?.port;
  if (number === undefined) return [];
  // A condition that is not told counts as ready; of several addresses only the first may be used (EndpointSlice API).
  const ready = (slice.endpoints ?? []).filter((endpoint) => endpoint.conditions?.ready !== false);
  return ready.flatMap((endpoint) => endpoint.addresses?.slice(0, 1) ?? []).map((host) => formatPeer(host, number));
}
