/** Reads the peers out of an EndpointSlice (discovery.k8s.io/v1). */
import { formatPeer } from "./resolver.ts";

/** As much of it as is needed; what comes over the network may lack any of it. */
export interface EndpointSlice {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[] | null;
  readonly endpoints?:
    | readonly {
        readonly addresses?: readonly string[];
        readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean };
      }[]
    | null;
}

/**
 * Of all slices of a service, those that are ready; where none is, those that serve on while they terminate (EndpointSlice
 * API, "Conditions"). `port` is the name of one of each slice's ports, or a number.
 */
export function peersOf(slices: readonly EndpointSlice[], port: string | number): readonly string[] {
  // A condition that is not told counts as ready.
  const ready = peersWhere(slices, port, (conditions) => conditions?.ready !== false);
  return ready.length > 0 ? ready : peersWhere(slices, port, (conditions) => conditions?.serving === true);
}

type Endpoint = NonNullable<EndpointSlice["endpoints"]>[number];

function peersWhere(
  slices: readonly EndpointSlice[],
  port: string | number,
  holds: (conditions: Endpoint["conditions"]) => boolean,
): readonly string[] {
  return slices.flatMap((slice) => {
    const number = typeof port === "number" ? port : slice.ports?.find((each) => each.name === port)?.port;
    if (number === undefined) return [];
    // Of several addresses only the first may be used (EndpointSlice API).
    const hosts = (slice.endpoints ?? []).flatMap(({ addresses, conditions }) =>
      holds(conditions) ? (addresses?.slice(0, 1) ?? []) : [],
    );
    return hosts.map((host) => formatPeer(host, number));
  });
}
