import { describe, expect, it } from "vitest";
import { findingOf } from "../src/config-options.ts";

const BOUNDARY = {
  routes: [{ upstream: "shop" }, { split: [{ upstream: "old" }, { upstream: "new" }], mirror: { upstream: "shadow" } }],
};

function at(text: string, within?: readonly string[]): string {
  const { path, message } = findingOf(text, 2, BOUNDARY, within);
  return `${path.join(".")}: ${message}`;
}

describe("a finding about an option", () => {
  it("stands at the key of the boundary that the option came from, in the words of the file", () => {
    expect(at('routes[0].match.pathTemplate is "/a/{"; it must be made of segments')).toBe(
      'boundaries.2.routes.0.match.path_template: is "/a/{"; it must be made of segments',
    );
    expect(at('listen.proxyProtocol.trusted is "x"; it must be an IP address')).toBe(
      'boundaries.2.proxy_protocol.trusted: is "x"; it must be an IP address',
    );
    expect(at('trustRules[0].when.cidr[1] is "x"; it must be a range', ["policy"])).toBe(
      'boundaries.2.policy.trust_rules.0.when.cidr.1: is "x"; it must be a range',
    );
  });

  it("stands at the upstream, whichever route and place of it names that", () => {
    expect(at("routes[0].upstream.retry.tries is 99; it must be 1")).toMatch(/^upstreams\.shop\.retry\.tries: /);
    expect(at("routes[1].split[1].upstream.url is 1; it must be 2")).toMatch(/^upstreams\.new\.url: /);
    expect(at("routes[1].mirror.upstream.hashField is 1; it must be 2")).toMatch(/^upstreams\.shadow\.hash_field: /);
    expect(at("routes[1].mirror.share is 2; it must be 1")).toMatch(/^boundaries\.2\.routes\.1\.mirror\.share: /);
  });

  it("shows values as they are, and names other options in the words of the file", () => {
    expect(at('routes[0].rewrite.pathPrefix is "/fooBar"; it must be absent where match.pathPrefix is')).toBe(
      'boundaries.2.routes.0.rewrite.path_prefix: is "/fooBar"; it must be absent where match.path_prefix is',
    );
  });

  it("is the whole text at the boundary where it names no option", () => {
    expect(at("two keys are the same", ["policy"])).toBe("boundaries.2.policy: two keys are the same");
  });
});
