/** What the instances of services record, before any exporter has had it. */
import type { SpanRecord } from "@tracemend/otlp";

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

export interface Emission {
  readonly service: string;
  readonly instance: string;
  /** When it really ended; the record says it by the clock of its instance. */
  readonly endMs: number;
  readonly record: Mutable<Omit<SpanRecord, "attributes">> & { attributes: Record<string, string | number> };
  /** Its exporter sends it where nobody here sees it. */
  readonly elsewhere: boolean;
}

/** W3C flag and OTLP's remote bits as an SDK writes them: bit 8, it is known; bit 9, the parent is remote. */
export function flagsOf(tellsRemote: boolean, remote: boolean): number {
  return tellsRemote ? 0x101 | (remote ? 0x200 : 0) : 0x1;
}
