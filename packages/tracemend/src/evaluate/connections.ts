/** Which connection each request went over: a pool that uses the connection last given back, as HTTP agents do. */
import type { PassedCall } from "./replay.ts";

const FIRST_PORT = 32_768;
const PORTS = 28_000;
/** A foreign hop's own connections are out of the range of ours. */
const FOREIGN_FIRST_PORT = 10_000;

interface Connection {
  readonly port: number;
  freeMs: number;
}

/** Sets the port on every crossing and, where `shown`, on the span it was answered with. */
export function assignConnections(passed: readonly PassedCall[], shown: boolean): readonly PassedCall[] {
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
    const seen = foreignPeer ? FOREIGN_FIRST_PORT + (connection.port % 1_000) : connection.port;
    if (shown || foreignPeer) callee.record.attributes["network.peer.port"] = seen;
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
