/** What tests of a service's middleware send, grant, record, and serve until the test ends. */
import type { RequestListener } from "node:http";
import type { Crossing, Observer, OwnSpans } from "@tracemend/context";
import { afterEach } from "vitest";
import type { Served } from "./raw-exchange.ts";
import { serveOnSocket } from "./raw-exchange.ts";

export const TRACE = "0af7651916cd43dd8448eb211c80319c";
export const PARENT = "b7ad6b7169203331";
export const TRACEPARENT = `00-${TRACE}-${PARENT}-01`;
export const SHOP = { name: "shop", cluster: "eu-1" };
export const SPANS: OwnSpans = { traceId: "1".repeat(32), serverSpanId: "2".repeat(16), clientSpanId: "3".repeat(16) };

const open: Served[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});

/** Serves the listener until the test ends. */
export async function serveForTest(listener: RequestListener): Promise<Served> {
  const served = await serveOnSocket(listener);
  open.push(served);
  return served;
}

export interface Recorder extends Observer {
  readonly crossings: readonly Crossing[];
  /** Resolves with the crossings once there are `count`. */
  until(count: number): Promise<readonly Crossing[]>;
}

export function createRecorder(): Recorder {
  const crossings: Crossing[] = [];
  let look = (): void => {};
  return {
    crossings,
    crossed(crossing) {
      crossings.push(crossing);
      look();
    },
    until: (count) =>
      new Promise((resolve) => {
        look = () => {
          if (crossings.length >= count) resolve(crossings);
        };
        look();
      }),
  };
}
