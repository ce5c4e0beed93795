import { expect, it } from "vitest";
import { parseAddress, parseRange } from "../src/address.ts";
import type { AddressRange } from "../src/address.ts";
import { clientAddress } from "../src/forwarded.ts";

const TRUSTED = ["10.0.0.0/8", "fd00::/8"].map((range) => parseRange(range) as AddressRange);
const client = (peer: string | undefined, ...entries: string[]) =>
  clientAddress(
    entries.flatMap((entry) => ["X-Forwarded-For", entry]),
    peer,
    TRUSTED,
  );

it("a peer that is no known proxy is the client, whatever it claims", () => {
  expect(client("203.0.113.9", "10.0.0.1")).toEqual(parseAddress("203.0.113.9"));
  expect(client(undefined, "10.0.0.1")).toBeUndefined();
});

it("behind known proxies it is the right-most address that is not theirs", () => {
  expect(client("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.2")).toEqual(parseAddress("203.0.113.9"));
  expect(client("fd00::1", "1.1.1.1", "203.0.113.9", "10.0.0.2 ")).toEqual(parseAddress("203.0.113.9"));
});

it("a known proxy is the client where nothing stands behind it", () => {
  expect(client("10.0.0.1")).toEqual(parseAddress("10.0.0.1"));
  expect(client("10.0.0.1", "10.0.0.3,10.0.0.2")).toEqual(parseAddress("10.0.0.3"));
});

it("an entry on the way that is no address leaves it unknown", () => {
  expect(client("10.0.0.1", "203.0.113.9, unknown, 10.0.0.2")).toBeUndefined();
});
