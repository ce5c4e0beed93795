/** The two Express versions under one name each, and what the tests send and look for. */
import { createRequire } from "node:module";
import type { Application } from "express";
import express5 from "express";
import { afterEach } from "vitest";
import type { Crossing, Observer } from "@tracemend/context";
import type { Served } from "../../../test/support/raw-exchange.ts";
import { serveOnSocket } from "../../../test/support/raw-exchange.ts";

export type Framework = typeof express5;

export const VERSIONS: readonly (readonly [name: string, framework: Framework])[] = [
  ["Express 4", createRequire(import.meta.url)("express4") as Framework],
  ["Express 5", express5],
];

export const TRACE = "0af7651916cd43dd8448eb211c80319c";
export const PARENT = "b7ad6b7169203331";
export const TRACEPARENT = `00-${TRACE}-${PARENT}-01`;
export const SHOP = { name: "shop", cluster: "eu-1" };
export const SPANS = { traceId: "1".repeat(32), serverSpanId: "2".repeat(16), clientSpanId: "3".repeat(16) };

const open: Served[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});

/** Serves the app until the test ends. */
export async function serve(app: Application): Promise<Served> {
  const served = await serveOnSocket(app);
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
