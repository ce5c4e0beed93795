import { describe, expect, it } from "vitest";
import { isInRange, parseAddress, parseRange } from "../src/address.ts";

const within = (address: string, range: string) => {
  const [parsed, limits] = [parseAddress(address), parseRange(range)];
  return parsed === undefined || limits === undefined ? undefined : isInRange(parsed, limits);
};

describe("addresses", () => {
  it("of IPv4 are in ranges of any length", () => {
    expect(within("10.1.2.3", "10.0.0.0/8")).toBe(true);
    expect(within("11.1.2.3", "10.0.0.0/8")).toBe(false);
    expect(within("192.168.1.127", "192.168.1.64/26")).toBe(true);
    expect(within("192.168.1.128", "192.168.1.64/26")).toBe(false);
    expect(within("1.2.3.4", "0.0.0.0/0")).toBe(true);
    expect(within("1.2.3.4", "1.2.3.4")).toBe(true);
    expect(within("1.2.3.5", "1.2.3.4/32")).toBe(false);
  });

  it("of IPv6 are too, however they are written", () => {
    expect(within("2001:db8::1", "2001:db8::/32")).toBe(true);
    expect(within("2001:0DB8:0:0:0:0:0:1", "2001:db8::1")).toBe(true);
    expect(within("2001:db9::1", "2001:db8::/32")).toBe(false);
    expect(within("fe80::1%eth0", "fe80::/10")).toBe(true);
    expect(within("::", "::/0")).toBe(true);
  });

  it("of IPv4 are the same when they come mapped, and in no range of IPv6 but their own", () => {
    expect(within("::ffff:10.1.2.3", "10.0.0.0/8")).toBe(true);
    expect(within("::ffff:a01:203", "10.0.0.0/8")).toBe(true);
    expect(within("10.1.2.3", "::ffff:0:0/96")).toBe(true);
    expect(within("10.1.2.3", "2000::/3")).toBe(false);
    expect(within("::10.1.2.3", "10.0.0.0/8")).toBe(false);
  });

  it("may have a port or brackets around them", () => {
    expect(within("10.1.2.3:8080", "10.0.0.0/8")).toBe(true);
    expect(within("[2001:db8::1]:443", "2001:db8::/32")).toBe(true);
  });

  it("are nothing else", () => {
    for (const text of [
      "",
      "10.1.2",
      "10.1.2.3.4",
      "010.1.2.3",
      "256.1.1.1",
      "1.2.3.x",
      "unknown",
      "_hidden",
      "[::1",
      "1::2::3",
      ":::",
      "12345::",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "1:2:3:4:5:6:7::8:9",
      "::1.2.3.4:5",
      "g::1",
    ])
      expect([text, parseAddress(text)]).toEqual([text, undefined]);
    for (const text of ["10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/08", "::/129", "x/8"])
      expect([text, parseRange(text)]).toEqual([text, undefined]);
  });
});
