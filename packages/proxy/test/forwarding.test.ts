import { applyEdits, defineBoundary } from "@tracemend/context";
import { describe, expect, it } from "vitest";
import type { ForwardingOptions } from "../src/forwarding.ts";
import { completeForwarding, forwardingEdits, isLoop } from "../src/forwarding.ts";
import { createProxy } from "../src/index.ts";
import { startService } from "./http-service.ts";

const HOP = { address: "10.0.0.9", scheme: "https", authority: "shop.example:8443", version: "1.1" } as const;
const BEFORE = ["X-Forwarded-For", "1.1.1.1", "a", "b", "x-forwarded-for", "2.2.2.2", "x-forwarded-proto", "http"];

function forward(
  options: ForwardingOptions,
  lines: readonly string[] = BEFORE,
  hop: Partial<typeof HOP> | object = {},
) {
  return applyEdits(lines, forwardingEdits(completeForwarding(options), lines, { ...HOP, ...hop }));
}

describe("forwarding", () => {
  it("replaces what a peer wrote that nobody trusts", () => {
    expect(forward({ xForwarded: true })).toEqual([
      "X-Forwarded-For",
      "10.0.0.9",
      "a",
      "b",
      "x-forwarded-proto",
      "https",
      "x-forwarded-host",
      "shop.example:8443",
    ]);
    expect(forward({ forwarded: true }, ["Forwarded", "for=1.1.1.1"])).toEqual([
      "Forwarded",
      'for=10.0.0.9;host="shop.example:8443";proto=https',
    ]);
  });

  it.each(["10.0.0.0/8", "10.0.0.9"])("appends to what a trusted peer wrote (%s)", (range) => {
    const lines = forward({ xForwarded: true, trusted: [range] });
    expect(lines.slice(0, 6)).toEqual([
      "X-Forwarded-For",
      "1.1.1.1, 2.2.2.2, 10.0.0.9",
      "a",
      "b",
      "x-forwarded-proto",
      "http",
    ]);
    expect(forward({ xForwarded: true, trusted: [range] }, BEFORE, { address: "::ffff:10.0.0.9" })).toEqual(lines);
    expect(forward({ xForwarded: true, trusted: [range] }, BEFORE, { address: "11.0.0.9" })[1]).toBe("11.0.0.9");
  });

  it("writes IPv6 addresses as each field wants them", () => {
    const options = { xForwarded: true, forwarded: true, trusted: ["fd00::/8"] };
    const lines = forward(options, ["forwarded", "for=x"], { address: "fd00::1", authority: "a.example" });
    expect(lines).toContain("fd00::1");
    expect(lines).toContain('for=x, for="[fd00::1]";host=a.example;proto=https');
  });

  it("adds its name to Via behind the others", () => {
    expect(forward({ via: "edge-eu" }, ["Via", "1.0 a (x)", "via", "2 b"])).toEqual([
      "Via",
      "1.0 a (x), 2 b, 1.1 edge-eu",
    ]);
    expect(forward({ via: "edge-eu" }, [])).toEqual(["via", "1.1 edge-eu"]);
  });

  it.each([
    ["1.1 edge", true],
    ["2 other, 1.1 edge (comment)", true],
    ["1.1 edge-2, 1.1 my-edge", false],
    ["edge", false],
    ["", false],
  ])("with Via %j has been here: %s", (value, loop) => {
    expect(isLoop(["via", value], "edge")).toBe(loop);
  });

  it.each([
    ["forwarding.via", { via: "a b" }],
    ["forwarding.trusted", { trusted: ["10.0.0.0/33"] }],
    ["forwarding.trusted", { trusted: ["10.0.0.0/"] }],
    ["forwarding.trusted", { trusted: ["host"] }],
  ])("that cannot be is refused by name: %s", (option, options) => {
    expect(() => completeForwarding(options)).toThrow(TypeError);
    expect(() => completeForwarding(options)).toThrow(option);
  });
});

it("a request that comes round is answered with 508 and goes no further", async () => {
  const service = await startService((request, response) => response.end(request.headers.via));
  const boundary = defineBoundary({ name: "edge", side: "egress", cluster: "eu-1" });
  const routes = [{ upstream: { name: "svc", url: service.url } }];
  const failures: unknown[] = [];
  const observer = { crossed: ({ failure }: { failure: unknown }) => void failures.push(failure) };
  const proxy = await createProxy({ boundary, listen: {}, routes, forwarding: { via: "edge" }, observer });
  const url = `http://127.0.0.1:${proxy.address.port}`;
  expect(await (await fetch(url)).text()).toBe("1.1 edge");
  const round = await fetch(url, { headers: { via: "1.1 edge, 1.1 other" } });
  expect([round.status, await round.text()]).toEqual([508, "loop detected\n"]);
  expect(service.asked).toHaveLength(1);
  await expect.poll(() => failures).toEqual([undefined, { kind: "loop", side: "internal" }]);
  await proxy.close(AbortSignal.abort());
  await service.close();
});
