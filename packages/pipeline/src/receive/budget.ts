/** Bytes that requests being received may hold together, before anything has been decoded. */

export interface ByteBudget {
  /** What one request holds; nothing at first. */
  lease(): Lease;
  readonly usedBytes: number;
}

export interface Lease {
  /** False, and nothing taken, when the budget is used up. */
  take(bytes: number): boolean;
  /** Gives back `bytes` of what was taken. */
  give(bytes: number): void;
  /** Gives back everything. */
  end(): void;
}

export function createByteBudget(maxBytes: number): ByteBudget {
  let usedBytes = 0;
  return {
    get usedBytes() {
      return usedBytes;
    },
    lease() {
      let heldBytes = 0;
      const give = (bytes: number): void => {
        heldBytes -= bytes;
        usedBytes -= bytes;
      };
      return {
        take(bytes) {
          if (usedBytes + bytes > maxBytes) return false;
          heldBytes += bytes;
          usedBytes += bytes;
          return true;
        },
        give,
        end: () => give(heldBytes),
      };
    },
  };
}
