/** Untrusted JSON, looked into step by step. */
import type { Kind } from "./recording.ts";

export type Json = Readonly<Record<string, unknown>>;

export function objectOf(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}

export function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

export function numberOf(value: unknown): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && value !== "" ? Number(value) : Number.NaN;
}

const KINDS: ReadonlySet<string> = new Set(["server", "client", "internal", "producer", "consumer"]);

/** By any of the spellings `SERVER`, `server`, `SPAN_KIND_SERVER`. */
export function kindOf(value: string): Kind | undefined {
  const word = value.toLowerCase().replace("span_kind_", "");
  return KINDS.has(word) ? (word as Kind) : undefined;
}
