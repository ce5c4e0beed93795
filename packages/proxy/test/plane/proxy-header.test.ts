import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readProxyHeader } from "../../src/plane/proxy-header.ts";

const text = (line: string): Buffer => Buffer.from(line, "latin1");

interface Binary {
  readonly command?: number;
  readonly family?: number;
  readonly addresses?: readonly number[];
  readonly values?: Buffer;
  readonly length?: number;
}

const IPV4 = [192, 0, 2, 1, 198, 51, 100, 2, 0x1f, 0x90, 0x01, 0xbb];

function binary({ command = 0x21, family = 0x11, addresses = IPV4, values = Buffer.alloc(0), length }: Binary): Buffer {
  const rest = Buffer.concat([Buffer.from(addresses), values]);
  const fixed = Buffer.concat([text("\r\n\r\n\0\r\nQUIT\n"), Buffer.from([command, family, 0, 0])]);
  fixed.writeUInt16BE(length ?? rest.length, 14);
  return Buffer.concat([fixed, rest]);
}

const peerIn = (bytes: Buffer) => {
  const header = readProxyHeader(bytes);
  return header.kind === "whole" ? header.peer : header.kind;
};

const IPV6 = [...Buffer.from("20010db8000000000000000000000001", "hex"), ...Buffer.alloc(16), 0x1f, 0x90, 0, 80];

describe("a PROXY header in text", () => {
  it.each([
    ["PROXY TCP4 192.0.2.1 198.51.100.2 8080 443\r\n", { address: "192.0.2.1", port: 8080 }],
    ["PROXY TCP6 2001:db8::1 ::1 8080 443\r\n", { address: "2001:db8::1", port: 8080 }],
    ["PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", { address: "0.0.0.0", port: 0 }],
    ["PROXY UNKNOWN\r\n", undefined],
    ["PROXY UNKNOWN ffff:f...f ffff 65535 65535\r\n", undefined],
  ])("names the client or nobody: %j", (line, peer) => {
    const header = readProxyHeader(text(`${line}GET / HTTP/1.1\r\n`));
    expect(header).toEqual({ kind: "whole", bytes: line.length, peer });
  });

  it.each([
    "GET / HTTP/1.1\r\n",
    "PROXZ",
    "proxy TCP4 192.0.2.1 198.51.100.2 8080 443\r\n",
    "PROXY\r\n",
    "PROXY \r\n",
    "PROXY UDP4 192.0.2.1 198.51.100.2 8080 443\r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.2 8080\r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.2 8080 443 \r\n",
    "PROXY TCP4  192.0.2.1 198.51.100.2 8080 443\r\n",
    "PROXY TCP4 2001:db8::1 ::1 8080 443\r\n",
    "PROXY TCP6 192.0.2.1 198.51.100.2 8080 443\r\n",
    "PROXY TCP6 fe80::1%eth0 ::1 8080 443\r\n",
    "PROXY TCP4 192.0.2.01 198.51.100.2 8080 443\r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.2 65536 443\r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.2 08 443\r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.2 -1 443\r\n",
    "PROXY TCP4 192.0.2.1\n198.51.100.2 8080 443\r\n",
    `PROXY TCP4 ${"1".repeat(200)}`,
  ])("that is none is malformed: %j", (line) => {
    expect(peerIn(text(line))).toBe("malformed");
  });

  it("may be 107 bytes long and no longer", () => {
    const longest = `PROXY UNKNOWN ${"x".repeat(107 - 16)}\r\n`;
    expect(longest).toHaveLength(107);
    expect(peerIn(text(longest))).toBeUndefined();
    expect(peerIn(text(longest.slice(0, -1)))).toBe("incomplete");
    expect(peerIn(text(`x${longest}`.replace("xPROXY UNKNOWN", "PROXY UNKNOWN x")))).toBe("malformed");
  });
});

describe("a binary PROXY header", () => {
  it.each<[string, Binary, unknown]>([
    ["IPv4", {}, { address: "192.0.2.1", port: 8080 }],
    ["IPv6", { family: 0x21, addresses: IPV6 }, { address: "2001:db8::1", port: 8080 }],
    ["a local socket", { family: 0x31, addresses: Array.from({ length: 216 }, () => 0x61) }, undefined],
    ["an unspecified family", { family: 0, addresses: [1, 2, 3] }, undefined],
    ["the balancer itself", { command: 0x20, family: 0x99, addresses: [1, 2] }, undefined],
    ["fields behind", { values: Buffer.from([4, 0, 2, 1, 2, 0xea, 0, 0]) }, { address: "192.0.2.1", port: 8080 }],
  ])("names the client or nobody: %s", (_what, given, peer) => {
    const bytes = binary(given);
    expect(readProxyHeader(Buffer.concat([bytes, text("GET")]))).toEqual({ kind: "whole", bytes: bytes.length, peer });
  });

  it.each<[string, Binary]>([
    ["version 1", { command: 0x11 }],
    ["an unknown command", { command: 0x22 }],
    ["datagrams", { family: 0x12 }],
    ["addresses cut short", { addresses: IPV4.slice(1) }],
    ["a field beyond the end", { values: Buffer.from([4, 0, 3, 1, 2]) }],
    ["half a field", { values: Buffer.from([4, 0]) }],
    ["more than is read", { length: 4_081 }],
  ])("with %s is malformed", (_what, given) => {
    expect(peerIn(binary(given))).toBe("malformed");
  });
});

describe("a PROXY header that comes in pieces", () => {
  const whole = fc.constantFrom(
    text("PROXY TCP4 192.0.2.1 198.51.100.2 8080 443\r\n"),
    text("PROXY UNKNOWN\r\n"),
    binary({}),
    binary({ family: 0x21, addresses: IPV6, values: Buffer.from([4, 0, 1, 9]) }),
    binary({ command: 0x20, addresses: [] }),
  );

  it("is incomplete up to its last byte", () => {
    fc.assert(
      fc.property(whole, fc.nat(), (bytes, at) => {
        expect(readProxyHeader(bytes.subarray(0, at % bytes.length)).kind).toBe("incomplete");
        expect(readProxyHeader(bytes)).toMatchObject({ kind: "whole", bytes: bytes.length });
      }),
    );
  });

  it("is decided within its bound, whatever the bytes", () => {
    fc.assert(
      fc.property(whole, fc.uint8Array({ minLength: 4_096, maxLength: 4_200 }), fc.nat(20), (bytes, noise, kept) => {
        expect(readProxyHeader(Buffer.concat([bytes.subarray(0, kept), noise])).kind).not.toBe("incomplete");
      }),
    );
  });
});
