/** The peers of one destination: who is there, who is sick and gets nothing for a while, and the ring of the others. */
import type { Clock, Timer } from "../clock.ts";
import { pause } from "../clock.ts";
import { createOutstanding } from "../outstanding.ts";
import type { Outstanding } from "../outstanding.ts";
import type { Reachability } from "../reachability.ts";
import type { Sink } from "../stage.ts";
import type { Balance } from "./options.ts";
import { defineRing } from "./ring.ts";
import type { Ring } from "./ring.ts";
import { createTurns } from "./turns.ts";
import type { Turns } from "./turns.ts";

export interface Peer {
  /** `host:port`; its place in the ring. */
  readonly key: string;
  /** One attempt for each batch. */
  readonly sink: Sink;
  readonly reachability: Reachability;
  /** Those who wait for a turn are sent away when the peer leaves the ring. */
  readonly turns: Turns;
  readonly attempts: Outstanding;
  /** Aborts when the peer has left and its time is over. */
  readonly gone: AbortController;
  failures: number;
  ejections: number;
  ejected: Timer | "until-connected" | undefined;
}

export interface PeersOptions {
  readonly balance: Balance;
  readonly maxConcurrent: number;
  readonly clock: Clock;
  /** Starts to connect. `changed` is to be called when the peer becomes reachable, or ceases to be. */
  readonly connect: (key: string, changed: () => void) => Pick<Peer, "sink" | "reachability">;
  readonly told: (event: PeerEvent) => void;
  /** The ring or a connection is another than before. */
  readonly changed: () => void;
}

export type PeerEvent =
  | { readonly kind: "peers-changed"; readonly peers: readonly string[] }
  | { readonly kind: "peer-ejected" | "peer-returned"; readonly peer: string; readonly message: string };

export interface Peers {
  readonly ring: Ring<Peer>;
  /** All, with the ejected. */
  readonly all: readonly Peer[];
  /** The peers there are from now on. */
  set(keys: readonly string[]): void;
  /** An attempt ended: did it find a living peer? */
  judge(peer: Peer, alive: boolean): void;
  /** Waits, but only while `isWorthIt` says so, which is asked after every change of the ring or of a connection. */
  wait(ms: number, signal: AbortSignal, isWorthIt: () => boolean): Promise<void>;
  close(signal: AbortSignal): Promise<void>;
}

const mostEjections = 10;

export function createPeers(options: PeersOptions): Peers {
  const { balance, clock, told } = options;
  const { ejection, drainMs } = balance;
  const members = new Map<string, Peer>();
  const leaving = new Set<Promise<void>>();
  const waiting = new Set<() => void>();
  let ring: Ring<Peer> = defineRing([]);

  const wake = (): void => {
    for (const check of waiting) check();
    options.changed();
  };

  const rebuild = (): void => {
    ring = defineRing([...members.values()].filter((peer) => peer.ejected === undefined));
    wake();
  };

  const readmit = (peer: Peer): void => {
    if (!peer.reachability.connected) {
      peer.ejected = "until-connected";
      return;
    }
    peer.ejected = undefined;
    // On probation: the next failure ejects it again.
    peer.failures = ejection.consecutiveFailures - 1;
    told({ kind: "peer-returned", peer: peer.key, message: "gets traces again" });
    rebuild();
  };

  const join = (key: string): void => {
    const changed = (): void => {
      const peer = members.get(key);
      if (peer?.ejected === "until-connected") readmit(peer);
      wake();
    };
    const state = { failures: 0, ejections: 0, ejected: undefined };
    const own = {
      turns: createTurns(options.maxConcurrent),
      attempts: createOutstanding(),
      gone: new AbortController(),
    };
    members.set(key, { key, ...options.connect(key, changed), ...own, ...state });
  };

  const retreat = (peer: Peer): void => {
    if (typeof peer.ejected === "object") peer.ejected.cancel();
    peer.turns.sendAway();
  };

  /** What is under way may end; what waits goes to the new owners at once. */
  const leave = async (peer: Peer): Promise<void> => {
    retreat(peer);
    const timer = clock.after(drainMs, () => peer.gone.abort());
    await peer.attempts.none();
    timer.cancel();
    await peer.sink.close(AbortSignal.abort());
  };

  const mayEject = (): boolean => {
    const ejected = [...members.values()].filter((peer) => peer.ejected !== undefined).length;
    return ejected + 1 <= Math.floor(members.size * ejection.maxShare);
  };

  return {
    get ring() {
      return ring;
    },
    get all() {
      return [...members.values()];
    },
    set(keys) {
      for (const [key, peer] of members) {
        if (keys.includes(key)) continue;
        members.delete(key);
        const left = leave(peer);
        leaving.add(left);
        void left.then(() => leaving.delete(left));
      }
      for (const key of keys) if (!members.has(key)) join(key);
      told({ kind: "peers-changed", peers: keys });
      rebuild();
    },
    judge(peer, alive) {
      if (alive) {
        peer.failures = 0;
        peer.ejections = 0;
        return;
      }
      peer.failures += 1;
      if (peer.failures < ejection.consecutiveFailures || peer.ejected !== undefined) return;
      if (members.get(peer.key) !== peer || !mayEject()) return;
      peer.ejections = Math.min(mostEjections, peer.ejections + 1);
      peer.ejected = clock.after(ejection.baseMs * peer.ejections, () => readmit(peer));
      peer.turns.sendAway();
      told({ kind: "peer-ejected", peer: peer.key, message: peer.reachability.lastFailure ?? "no answer" });
      rebuild();
    },
    async wait(ms, signal, isWorthIt) {
      const end = new AbortController();
      const check = (): void => {
        if (signal.aborted || !isWorthIt()) end.abort();
      };
      waiting.add(check);
      signal.addEventListener("abort", check);
      check();
      await pause(clock, ms, end.signal);
      waiting.delete(check);
      signal.removeEventListener("abort", check);
    },
    async close(signal) {
      for (const peer of members.values()) retreat(peer);
      await Promise.all([...leaving, ...[...members.values()].map((peer) => peer.sink.close(signal))]);
    },
  };
}
