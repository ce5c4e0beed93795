import { expect, it } from "vitest";
import { tellAll } from "../src/index.ts";
import type { Crossing } from "../src/index.ts";
import { pass } from "./heads.ts";

const { reading, verdict, spans } = pass(["Host", "a"]);
const crossing: Crossing = {
  boundary: "edge",
  side: "egress",
  cluster: "eu-1",
  reading,
  verdict,
  spans,
  startMs: 0,
  endMs: 1.5,
  protocol: "http/1.1",
  scheme: "http",
  method: "GET",
  path: "/",
  authority: "a",
  userAgent: undefined,
  requestId: undefined,
  downstream: undefined,
  upstream: undefined,
  status: 200,
  grpcStatus: undefined,
  failure: undefined,
};

it("every observer is told with what the runtime offers", () => {
  const told: unknown[] = [];
  const waitUntil = (): void => {};
  const observer = { crossed: (...all: unknown[]) => told.push(all) };
  tellAll([observer, observer]).crossed(crossing, waitUntil);
  expect(told).toEqual([
    [crossing, waitUntil],
    [crossing, waitUntil],
  ]);
});

it("an observer that throws reaches neither the others nor the request", () => {
  const told: Crossing[] = [];
  const failing = {
    crossed() {
      throw new Error("watching failed");
    },
  };
  tellAll([failing, { crossed: (each) => told.push(each) }]).crossed(crossing);
  expect(told).toEqual([crossing]);
});
