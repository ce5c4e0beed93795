/** The value everything else is about: which trace, which parent, which flags, which vendor state. */

/** Source: W3C Trace Context Level 2, sections 3.2 and 3.3. Immutable. */
export interface TraceContext {
  /** 32 lower-case hexadecimal digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hexadecimal digits, not all zero: the id of the span that made the call. */
  readonly parentId: string;
  /** The byte as it was received; unknown bits are masked on the way out, not here. */
  readonly flags: number;
  /** The combined `tracestate` list, `""` where there is none. */
  readonly tracestate: string;
}

/** Trace Context Level 2, section 3.2.2.5.1: the caller may have recorded the trace. */
export const SAMPLED = 0x01;
/** Trace Context Level 2, section 3.2.2.5.2: the right-most 7 bytes of the trace id are random. */
export const RANDOM = 0x02;
/** The bits a participant may send; all others must be zero (section 3.2.2.5.3). */
export const KNOWN_FLAGS = 0x03;

export function isSampled(context: TraceContext): boolean {
  return (context.flags & SAMPLED) !== 0;
}
