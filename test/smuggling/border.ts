/** A proxy in front of one service, with all that it recorded and refused. */
import type { Crossing } from "@tracemend/context";
import { defineBoundary } from "@tracemend/context";
import { createProxy } from "@tracemend/proxy";
import type { ProxyOptions, Refusal, RefusalCounts, UpstreamProtocol } from "@tracemend/proxy";

export interface Border {
  readonly port: number;
  readonly crossings: Crossing[];
  /** Resolves with the next crossing. */
  crossing(): Promise<Crossing>;
  readonly refusals: Refusal[];
  /** Resolves with the next refusal. */
  refusal(): Promise<Refusal>;
  readonly counts: () => RefusalCounts;
  /** Ends what is open once the signal is aborted. */
  drain(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** No trace is started, so that the lines of a request leave as they came. */
export async function openBorder(
  url: string,
  options: Partial<ProxyOptions> = {},
  protocol: UpstreamProtocol = "http/1.1",
): Promise<Border> {
  const crossings: Crossing[] = [];
  const refusals: Refusal[] = [];
  let crossed = Promise.withResolvers<Crossing>();
  let refused = Promise.withResolvers<Refusal>();
  const proxy = await createProxy({
    boundary: defineBoundary({ name: "edge", side: "ingress", cluster: "eu-1", policy: { start: false } }),
    listen: {},
    routes: [{ upstream: { name: "svc", url, protocol } }],
    observer: {
      crossed(crossing) {
        crossings.push(crossing);
        crossed.resolve(crossing);
        crossed = Promise.withResolvers();
      },
    },
    refused(refusal) {
      refusals.push(refusal);
      refused.resolve(refusal);
      refused = Promise.withResolvers();
    },
    ...options,
  });
  return {
    port: proxy.address.port,
    crossings,
    crossing: () => crossed.promise,
    refusals,
    refusal: () => refused.promise,
    counts: () => proxy.refusals(),
    drain: (signal) => proxy.close(signal),
    close: () => proxy.close(AbortSignal.abort()),
  };
}
