/** A proxy in front of one service, with all that it recorded and refused. */
import type { Crossing } from "@tracemend/context";
import { defineBoundary } from "@tracemend/context";
import { createProxy } from "@tracemend/proxy";
import type { ProxyOptions, UpstreamProtocol } from "@tracemend/proxy";

export interface Border {
  readonly port: number;
  readonly crossings: Crossing[];
  close(): Promise<void>;
}

/** No trace is started, so that the lines of a request leave as they came. */
export async function openBorder(
  url: string,
  options: Partial<ProxyOptions> = {},
  protocol: UpstreamProtocol = "http/1.1",
): Promise<Border> {
  const crossings: Crossing[] = [];
  const proxy = await createProxy({
    boundary: defineBoundary({ name: "edge", side: "ingress", cluster: "eu-1", policy: { start: false } }),
    listen: {},
    routes: [{ upstream: { name: "svc", url, protocol } }],
    observer: { crossed: (crossing) => void crossings.push(crossing) },
    ...options,
  });
  return { port: proxy.address.port, crossings, close: () => proxy.close(AbortSignal.abort()) };
}
