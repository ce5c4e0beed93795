import { createIds, defineBoundary } from "@tracemend/context";
import type { SpanSource } from "@tracemend/proxy";
import { createProxy } from "@tracemend/proxy";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exchangeRaw, toRawLines } from "../support/raw-exchange.ts";
import type { RecordingUpstream } from "../support/upstream.ts";
import { startUpstream } from "../support/upstream.ts";
import { CASES, violations } from "./cases.ts";
import type { Role } from "./cases.ts";

let upstream: RecordingUpstream;
const proxies: { -readonly [R in Role]?: Awaited<ReturnType<typeof createProxy>> } = {};

let filled = 0;
const ids = createIds((bytes) => bytes.fill((filled += 1)));
const spans: SpanSource = {
  grant: () => ({
    spans: { traceId: ids.traceId(), serverSpanId: ids.spanId(), clientSpanId: ids.spanId() },
    finish: () => {},
    release: () => {},
  }),
};

beforeAll(async () => {
  upstream = await startUpstream();
  const boundary = defineBoundary({ name: "edge", side: "ingress", cluster: "eu-1" });
  const routes = [{ upstream: { name: "service", url: upstream.url } }];
  proxies.participant = await createProxy({ boundary, listen: {}, routes, spans });
  proxies["pass-through"] = await createProxy({ boundary, listen: {}, routes });
});

afterAll(async () => {
  const signal = AbortSignal.timeout(1000);
  await Promise.all(Object.values(proxies).map((proxy) => proxy.close(signal)));
  await upstream.close();
});

describe("Trace Context Level 2 through the proxy's sockets, by section", () => {
  it.each(CASES.map((each) => [each.section, each.role, each.demand, each] as const))(
    "%s, %s: %s",
    async (_section, role, _demand, each) => {
      const answer = await exchangeRaw(proxies[role]?.address.port ?? 0, toRawLines(each.sent));
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      expect(violations(each, upstream.heads.at(-1) ?? [])).toEqual([]);
    },
  );
});
