/** One Hono app, asked on Node's sockets and in fetch style. */
import { getRequestListener } from "@hono/node-server";
import type { Env } from "hono";
import { Hono } from "hono";
import type { Served } from "../../../test/support/raw-exchange.ts";
import { jsonOf } from "../../../test/support/raw-exchange.ts";
import { serveForTest } from "../../../test/support/service.ts";
import type { BoundaryVariables } from "../src/index.ts";

export type AppEnv = { Variables: BoundaryVariables };

export const app = (): Hono<AppEnv> => new Hono<AppEnv>();

/** Serves the app on Node until the test ends. */
export function serve<E extends Env>(app: Hono<E>): Promise<Served> {
  const listener = getRequestListener(app.fetch);
  return serveForTest((request, response) => void listener(request, response));
}

export interface Sent {
  readonly status: number;
  readonly json: unknown;
}

type Send = (app: Hono<AppEnv>, lines: readonly string[], body?: string) => Promise<Sent>;

export const RUNTIMES: readonly (readonly [name: string, send: Send])[] = [
  [
    "Hono on Node",
    async (app, lines, body) => {
      const answer = await (await serve(app)).raw(lines, body === undefined ? {} : { body });
      return { status: Number(answer.slice(9, 12)), json: jsonOf(answer) };
    },
  ],
  [
    "Hono on fetch",
    async (app, lines, body) => {
      const headers = new Headers();
      for (const line of lines) headers.append(...(line.split(": ") as [string, string]));
      const response = await app.request("/", body === undefined ? { headers } : { headers, method: "POST", body });
      return { status: response.status, json: await response.json() };
    },
  ],
];
