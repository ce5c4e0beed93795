/** Requests whose answers named another trace than the one that was forwarded, the newest few thousand. */

const MOST = 4_096;

export interface AnswerBook {
  /** `traceId`: 32 digits, of the trace that the answer named. */
  add(record: number, traceId: string): void;
  isEmpty(): boolean;
  /** The request whose answer named this trace; 0 for none. */
  recordOf(traceId: string): number;
  /** The trace that the answer of this request named. */
  traceOf(record: number): string | undefined;
}

export function createAnswerBook(): AnswerBook {
  const byRecord = new Map<number, string>();
  const byTrace = new Map<string, number>();
  return {
    add(record, traceId) {
      byRecord.set(record, traceId);
      byTrace.set(traceId, record);
      if (byRecord.size <= MOST) return;
      const [oldest, itsTrace] = byRecord.entries().next().value as [number, string];
      byRecord.delete(oldest);
      if (byTrace.get(itsTrace) === oldest) byTrace.delete(itsTrace);
    },
    isEmpty: () => byTrace.size === 0,
    recordOf: (traceId) => byTrace.get(traceId) ?? 0,
    traceOf: (record) => (byRecord.size === 0 ? undefined : byRecord.get(record)),
  };
}
