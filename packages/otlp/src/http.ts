/** HTTP around OTLP: paths, content types, and Retry-After. */

import type { Signal } from "./batch.ts";

const paths: Readonly<Record<Signal, string>> = {
  traces: "/v1/traces",
  metrics: "/v1/metrics",
  logs: "/v1/logs",
  profiles: "/v1development/profiles",
};

/** The path a request of this signal is posted to, below the endpoint's own path. */
export function httpPath(signal: Signal): string {
  return paths[signal];
}

/** The signal that is posted to this path; without a query. */
export function signalOfHttpPath(path: string): Signal | undefined {
  return (Object.keys(paths) as Signal[]).find((signal) => paths[signal] === path);
}

/** How messages are written in a body; the answer to a request uses the request's. */
export type Encoding = "protobuf" | "json";

const contentTypes: Readonly<Record<Encoding, string>> = {
  protobuf: "application/x-protobuf",
  json: "application/json",
};

export function formatContentType(encoding: Encoding): string {
  return contentTypes[encoding];
}

/** Parameters such as charset are ignored; undefined for a type OTLP does not have. */
export function parseContentType(value: string | undefined): Encoding | undefined {
  const [type = ""] = (value ?? "").split(";", 1);
  const name = type.trim().toLowerCase();
  return (Object.keys(contentTypes) as Encoding[]).find((encoding) => contentTypes[encoding] === name);
}

/** Milliseconds to wait, from whole seconds or an HTTP date (RFC 9110 §10.2.3); undefined when it is neither. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? "";
  if (text === "") return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // Date.parse reads much that is no HTTP date, such as "-5"; every form of RFC 9110 §5.6.7 begins with a day's name.
  const isDayName = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].includes(text.slice(0, 3));
  const dateMs = isDayName ? Date.parse(text) : NaN;
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}

/** Whole seconds, rounded up so that nobody comes back early. */
export function formatRetryAfter(ms: number): string {
  return String(Math.max(0, Math.ceil(ms / 1000)));
}
