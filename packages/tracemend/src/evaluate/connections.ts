/** Which connection each request went over: a pool that uses the connection last given back, as HTTP agents do. */
import type { Shown } from "./break-class.ts";
import type { Random } from "./random.ts";
import type { PassedCall } from "./replay.ts";

const FIRST_PORT = 32_768;
const PORTS = 28_000;
/** The connections of a foreign hop: of so few ports that many are also ours, by chance. */
const FOREIGN_PORTS = 512;

const PEER_PORT = "network.peer.port";

interface Connection {
  readonly port: number;
  freeMs: number;
}

/** Sets the port on every crossing and, where ports are shown, on the span it was answered with. */
export function assignConnections(passed: readonly PassedCall[], shown: Shown, random: Random): readonly PassedCall[] {
  const pools = new Map<string, Connection[]>();
  let opened = 0;
  const settled: PassedCall[] = [];
  for (const call of passed.toSorted((a, b) => a.crossing.startMs - b.crossing.startMs)) {
    const { crossing, edge, callee, foreignPeer } = call;
    const pool = pools.get(crossing.boundary) ?? [];
    pools.set(crossing.boundary, pool);
    const idle = edge?.multiplexed === true ? pool[0] : lastFreed(pool, crossing.startMs);
    const connection = idle ?? { port: FIRST_PORT + (opened++ % PORTS), freeMs: 0 };
    if (idle === undefined) pool.push(connection);
    connection.freeMs = crossing.endMs;
    settled.push({
      ...call,
      crossing: { ...crossing, upstream: { ...crossing.upstream, localPort: connection.port } },
    });
    if (callee === undefined) continue;
    const isForeign = foreignPeer || shown === "foreign-ports";
    if (isForeign) callee.record.attributes[PEER_PORT] = FIRST_PORT + random.below(FOREIGN_PORTS);
    else if (shown !== "times") callee.record.attributes[PEER_PORT] = connection.port;
    if (crossing.requestId !== undefined) {
      callee.record.attributes["http.request.header.x-request-id"] = crossing.requestId;
    }
  }
  return settled;
}

function lastFreed(pool: readonly Connection[], startMs: number): Connection | undefined {
  let found: Connection | undefined;
  for (const connection of pool) {
    if (connection.freeMs <= startMs && (found === undefined || connection.freeMs > found.freeMs)) found = connection;
  }
  return found;
}
