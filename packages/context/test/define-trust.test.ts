import { expect, it } from "vitest";
import { definePolicy } from "../src/index.ts";
import type { PolicyOptions } from "../src/index.ts";

const wrong = (options: unknown) => () => definePolicy(options as PolicyOptions);
const now = () => 0;
const hmac = () => new Uint8Array(32);

it("wrong trust options are named with their place and value", () => {
  expect(wrong({ trust: "maybe" })).toThrow('trust is "maybe"');
  expect(wrong({ trustRules: [{ when: {}, trust: "continue" }] })).toThrow("trustRules[0].when is {}");
  expect(wrong({ trustRules: [{ when: { listener: "a" }, trust: "x" }] })).toThrow('trustRules[0].trust is "x"');
  expect(wrong({ trustRules: [{ when: { cidr: ["10.0.0.0/8", "10/8"] }, trust: "continue" }] })).toThrow(
    'trustRules[0].when.cidr[1] is "10/8"; it must be an address range',
  );
  expect(wrong({ trustRules: [{ when: { identity: [""] }, trust: "continue" }] })).toThrow("when.identity[0]");
  expect(wrong({ trustRules: [{ when: { signed: true }, trust: "continue" }] })).toThrow("when.signed is true");
  expect(wrong({ trustedProxies: "10.0.0.0/8" })).toThrow("trustedProxies is");
});

it("wrong signing and sampling options are named, and a clock is asked for where one is needed", () => {
  expect(wrong({ signing: { hmac, keys: ["k"] } })).toThrow("now is undefined; signing needs a function");
  expect(wrong({ sampling: { maxForcedPerSecond: 1 } })).toThrow("sampling.maxForcedPerSecond needs a function");
  expect(wrong({ sampling: { maxForcedPerSecond: Number.NaN }, now })).toThrow("sampling.maxForcedPerSecond is");
  expect(wrong({ sampling: { denied: "never" } })).toThrow('sampling.denied is "never"');
  expect(wrong({ signing: { hmac, keys: [] }, now })).toThrow("signing.keys");
  expect(wrong({ signing: { hmac, keys: ["1", "2", "3", "4", "5"] }, now })).toThrow('signing.keys is "5 keys"');
  expect(wrong({ signing: { hmac, keys: [""] }, now })).toThrow("signing.keys[0]");
  expect(wrong({ signing: { hmac, keys: ["k"], windowMs: 1 }, now })).toThrow("signing.windowMs is 1");
  expect(wrong({ signing: { hmac, keys: ["k"], maxUses: 0 }, now })).toThrow("signing.maxUses is 0");
  expect(wrong({ signing: { hmac: () => "short", keys: ["k"] }, now })).toThrow('signing.hmac is "short"');
});

it("a policy whose trust is one word has no rules to ask", () => {
  expect(definePolicy({ trust: "ignore" }).rule).toBeUndefined();
  expect(definePolicy({ trust: "restart-external" }).rule).toBeDefined();
});
