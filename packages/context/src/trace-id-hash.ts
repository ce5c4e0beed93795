/** The hash of a trace id: tells in the own member which trace it is of. */

/**
 * The last four digits of either half of the 32 at `start`: enough to tell a restarted trace, or one cut to 64 bits, from the
 * one that was sent. What a generator fills with a time or with zeros stands elsewhere in an id, and nothing is computed.
 */
export function hashTraceId(text: string, start: number = 0): string {
  return text.slice(start + 12, start + 16) + text.slice(start + 28, start + 32);
}
