/** What the two receivers have in common: their options, checked, and how they listen and close. */
import type { Server } from "node:net";
import { once } from "node:events";
import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import { defineBearer } from "./bearer.ts";
import { createByteBudget } from "./budget.ts";
import type { ByteBudget } from "./budget.ts";
import type { Connections } from "./connections.ts";
import type { Reception } from "./reception.ts";

export interface ReceiverOptions {
  /** Default 127.0.0.1: a receiver open to the network is a decision. */
  readonly host?: string;
  /** Default 0: the kernel chooses, see {@link Receiver.address}. */
  readonly port?: number;
  /** PEM. With `ca`, a client certificate it signed is demanded. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
  /**
   * Largest request after decompression; for JSON an eighth of it, for what reading it takes. Default 64 MiB (OTLP 1.11,
   * request size limit).
   */
  readonly maxRequestBytes?: number;
  /** What all requests being received may hold together; above it they are answered busy. Default 256 MiB. */
  readonly maxInFlightBytes?: number;
  /** How long a request may take to arrive. Default 30 000. */
  readonly requestTimeoutMs?: number;
  /** `authorization: Bearer` with one of these is demanded; several, so that they can be changed one by one. */
  readonly bearerTokens?: readonly string[];
  /** Told how each request ended. Must not throw. */
  readonly ended?: (reception: Reception) => void;
  readonly clock?: Clock;
  /** Even in [0, 1). */
  readonly random?: () => number;
}

export interface Receiver {
  readonly address: { readonly host: string; readonly port: number };
  /** Takes no new requests and answers those it has; once `signal` aborts, cuts them off. */
  close(signal: AbortSignal): Promise<void>;
}

export interface ReceiverSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: ReceiverOptions["tls"];
  readonly maxRequestBytes: number;
  readonly requestTimeoutMs: number;
  readonly budget: ByteBudget;
  /** May the sender of this `authorization` field send? */
  readonly admits: (authorization: string | undefined) => boolean;
  readonly ended: (reception: Reception) => void;
  readonly clock: Clock;
}

/** Throws a TypeError that names the option and its value. */
export function defineReceiver(options: ReceiverOptions): ReceiverSettings {
  const positive = (name: "maxRequestBytes" | "maxInFlightBytes" | "requestTimeoutMs", fallback: number): number => {
    const value = options[name] ?? fallback;
    if (!Number.isSafeInteger(value) || value <= 0) {
      throw new TypeError(`receiver option ${name} must be a positive integer, not ${String(value)}`);
    }
    return value;
  };
  const port = options.port ?? 0;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new TypeError(`receiver option port must be 0 to 65535, not ${String(port)}`);
  }
  const clock = options.clock ?? systemClock;
  return {
    host: options.host ?? "127.0.0.1",
    port,
    tls: options.tls,
    maxRequestBytes: positive("maxRequestBytes", 64 * 1024 * 1024),
    requestTimeoutMs: positive("requestTimeoutMs", 30_000),
    budget: createByteBudget(positive("maxInFlightBytes", 256 * 1024 * 1024), clock, options.random ?? Math.random),
    admits: defineBearer(options.bearerTokens),
    ended: options.ended ?? (() => {}),
    clock,
  };
}

/** Rejects with the system's error when the address cannot be had. */
export async function listen(server: Server, settings: ReceiverSettings): Promise<Receiver["address"]> {
  server.listen(settings.port, settings.host);
  await once(server, "listening");
  // Running out of file descriptors while accepting is told here, and passes.
  server.on("error", () => {});
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("a receiver listens on TCP");
  return { host: address.address, port: address.port };
}

/** Takes no new connections, waits for those with work, and cuts them off once the signal aborts. */
export async function closeServer(server: Server, connections: Connections, signal: AbortSignal): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  const cut = (): void => connections.cut();
  if (signal.aborted) cut();
  else signal.addEventListener("abort", cut);
  connections.closeIdle();
  await closed;
  signal.removeEventListener("abort", cut);
}
