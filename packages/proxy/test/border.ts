/** A proxy in front of one upstream, with what it recorded. */
import { defineBoundary } from "@tracemend/context";
import type { LenientConnection, LenientPeer } from "../../../test/support/lenient-peer.ts";
import { dialLenient } from "../../../test/support/lenient-peer.ts";
import { createProxy } from "../src/index.ts";
import type { Passed, ProxyOptions, UpstreamOptions } from "../src/index.ts";

export interface TestBorder {
  readonly port: number;
  readonly crossings: Passed[];
  /** Resolves with the next crossing. */
  crossing(): Promise<Passed>;
  close(signal?: AbortSignal): Promise<void>;
}

export async function openBorder(
  upstream: Omit<UpstreamOptions, "name">,
  options: Partial<ProxyOptions> = {},
): Promise<TestBorder> {
  const crossings: Passed[] = [];
  let waiting: ((crossing: Passed) => void)[] = [];
  const proxy = await createProxy({
    boundary: defineBoundary({ name: "edge", side: "egress", cluster: "eu-1", policy: { start: false } }),
    listen: {},
    routes: [{ upstream: { name: "svc", ...upstream } }],
    observer: {
      crossed(crossing) {
        crossings.push(crossing);
        for (const resolve of waiting.splice(0)) resolve(crossing);
      },
    },
    ...options,
  });
  return {
    port: proxy.address.port,
    crossings,
    crossing: () => new Promise((resolve) => waiting.push(resolve)),
    close: (signal = AbortSignal.abort()) => proxy.close(signal),
  };
}

/** Sends the bytes of one request and gives them as they arrived, with both connections. */
export async function passOn(
  border: TestBorder,
  peer: LenientPeer,
  request: string,
  until = "\r\n\r\n",
): Promise<{ caller: LenientConnection; service: LenientConnection; arrived: string }> {
  const next = peer.next();
  const caller = await dialLenient(border.port);
  caller.send(request);
  const service = await next;
  return { caller, service, arrived: await service.until(until) };
}
