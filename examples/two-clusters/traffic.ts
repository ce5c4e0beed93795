/** The requests of the demonstration: each with a request id of its own, which must reach the service unharmed. */

export interface Sent {
  readonly requests: number;
  /** Answers that were not 200. */
  readonly failed: number;
  /** Requests whose own `x-request-id` did not reach the service as it was sent. */
  readonly idsLost: number;
}

/** Sends `count` requests, `width` at a time; tells after each. */
export async function send(
  shopUrl: string,
  path: string,
  count: number,
  width: number,
  told: (done: number) => void,
): Promise<Sent> {
  let next = 0;
  let done = 0;
  let failed = 0;
  let idsLost = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      const id = `order-${next}`;
      const seen = await requestIdSeen(`${shopUrl}${path}`, id);
      if (seen === undefined) failed += 1;
      else if (seen !== id) idsLost += 1;
      done += 1;
      told(done);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return { requests: count, failed, idsLost };
}

/** The request id that the service in the other cluster saw; undefined where the request failed. */
async function requestIdSeen(url: string, id: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { headers: { "x-request-id": id }, signal: AbortSignal.timeout(10_000) });
    const body = (await response.json()) as { shop?: { requestId?: string } };
    return response.status === 200 ? (body.shop?.requestId ?? "") : undefined;
  } catch {
    return undefined;
  }
}
