import fc from "fast-check";
import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { encodeSpans, rewriteStrings } from "@tracemend/otlp";
import type { Batch, StringSite } from "@tracemend/otlp";
import { defineRedactPolicy } from "../../../src/stages/redact/policy.ts";
import type { RedactOptions } from "../../../src/stages/redact/policy.ts";
import { decodeRequest } from "../../../../../test/support/otlp-reference.ts";

const hashKey = "0123456789abcdef0123456789abcdef";
const nowhere: StringSite = { message: "Span", field: "name", keys: [] };

function clean(text: string, options: RedactOptions): string {
  return defineRedactPolicy(options).text(text, nowhere, -1);
}

function attribute(key: string, value: string, options: RedactOptions): string | undefined {
  const rule = defineRedactPolicy(options).attribute?.(key);
  if (rule === "drop") return undefined;
  return rule === undefined ? value : rule(value);
}

function spanOf(name: string, attributes: Record<string, string>): Batch {
  const span = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", startMs: 1, endMs: 2 };
  return encodeSpans({ "service.name": "shop" }, { name: "s", version: "1" }, [
    { ...span, name, kind: "server", attributes },
  ]);
}

describe("patterns", () => {
  it.each([
    ["email", "mail alice.b+c@mail.example.com, now", "mail ****, now"],
    ["email", "jürgen@müller.example", "****"],
    ["email", "a@b is no address, nor is @host.example", "a@b is no address, nor is @host.example"],
    ["card", "paid with 4111 1111-1111 1111.", "paid with ****."],
    ["card", "order 4111111111111112 is no card", "order 4111111111111112 is no card"],
    ["jwt", "token=eyJhbGciOi.eyJzdWIi.c2ln;", "token=****;"],
    ["authorization", "sent bearer abc.def and Basic Zm9vOmJhcg==", "sent **** and ****"],
    ["url-credentials", "postgres://me:secret@db:5432/x", "postgres://****@db:5432/x"],
  ] as const)("%s: %s", (pattern, text, expected) => {
    expect(clean(text, { patterns: [pattern] })).toBe(expected);
  });

  it.each([
    ["from 192.0.2.77:8080", "from 192.0.2.0:8080"],
    ["[2001:db8:1:2::3]:443", "[2001:db8:1::]:443"],
    ["2001:db8:0:0:0:0:0:1", "2001:db8:0::"],
    ["::1", "::"],
    ["::ffff:192.0.2.77", "::ffff:192.0.2.0"],
    ["peer fe80::1%eth0, at 10.1.2.3.", "peer fe80:0:0::%eth0, at 10.1.2.0."],
    ["at 12:30:45 std::vector 1.2.3.4.5", "at 12:30:45 std::vector 1.2.3.4.5"],
    ["seen fd00:1:2:3::9: refused", "seen fd00:1:2::: refused"],
  ])("addresses are cut to their network: %s", (text, expected) => {
    expect(clean(text, { patterns: ["ip"] })).toBe(expected);
  });

  it("an expression of one's own is masked or hashed", () => {
    const pattern = /ticket-\d+/;
    expect(clean("ticket-1 and ticket-22", { patterns: [{ pattern }] })).toBe("**** and ****");
    const digest = `hmac-sha256:${createHmac("sha256", hashKey).update("ticket-1").digest("hex")}`;
    expect(clean("a ticket-1", { patterns: [{ pattern, action: "hash" }], hashKey })).toBe(`a ${digest}`);
  });
});

describe("attributes", () => {
  it("the first entry that names a key counts", () => {
    const options: RedactOptions = {
      attributes: [
        { keys: ["http.request.header.accept"], action: "mask" },
        { keys: ["http.request.header.*", "password"], action: "delete" },
      ],
    };
    expect(attribute("http.request.header.accept", "x", options)).toBe("****");
    expect(attribute("http.request.header.cookie", "x", options)).toBeUndefined();
    expect(attribute("http.route", "/x", options)).toBe("/x");
  });

  it("an allow-list deletes what it does not name, however harmless", () => {
    const options: RedactOptions = {
      allow: ["http.*"],
      attributes: [{ keys: ["client.address"], action: "truncate-ip" }],
    };
    expect(attribute("http.route", "/x", options)).toBe("/x");
    expect(attribute("db.query.text", "select", options)).toBeUndefined();
    expect(attribute("", "x", options)).toBeUndefined();
    expect(attribute("client.address", "192.0.2.77", options)).toBe("192.0.2.0");
  });

  it("truncation masks a value without an address", () => {
    const options: RedactOptions = { attributes: [{ keys: ["client.address"], action: "truncate-ip" }] };
    expect(attribute("client.address", "alices-laptop", options)).toBe("****");
  });

  it("a digest stays what it is, whichever redaction made it", () => {
    const options: RedactOptions = { attributes: [{ keys: ["user.id"], action: "hash" }], hashKey };
    const once = attribute("user.id", "42", options)!;
    expect(once).toMatch(/^hmac-sha256:[0-9a-f]{64}$/);
    expect(attribute("user.id", once, options)).toBe(once);
    expect(attribute("user.id", "43", options)).not.toBe(once);
  });
});

describe("laws", () => {
  const word = fc.constantFrom(
    "alice@example.com",
    "192.0.2.77",
    "2001:db8::7",
    "4111111111111111",
    "eyJhbGciOi.eyJzdWIi.c2ln",
    "Bearer abcdefgh",
    "https://u:p@h/",
    " ",
    ":",
    ".",
    "-",
    "@",
    "x",
    "7",
    "****",
    "é",
    "sha256:",
  );
  const text = fc.oneof(
    fc.array(word, { maxLength: 8 }).map((words) => words.join("")),
    fc.string({ maxLength: 40 }),
  );
  const every: RedactOptions = {
    patterns: ["email", "card", "ip", "jwt", "authorization", "url-credentials"],
    attributes: [
      { keys: ["hashed"], action: "hash" },
      { keys: ["cut"], action: "truncate-ip" },
      { keys: ["gone"], action: "delete" },
    ],
    hashKey,
  };
  const policy = defineRedactPolicy(every);
  const batches = fc
    .record({ name: text, hashed: text, cut: text, gone: text, other: text })
    .map(({ name, ...attributes }) => spanOf(name, attributes));

  it("redacting twice is redacting once", () => {
    fc.assert(
      fc.property(batches, (batch) => {
        const once = rewriteStrings(batch, policy);
        expect(rewriteStrings(once, policy)).toBe(once);
      }),
      { numRuns: 500 },
    );
  });

  it("the prefilter never spares what a search would change", () => {
    fc.assert(
      fc.property(text, (value) => {
        const bytes = Buffer.from(value.toWellFormed());
        const concern = policy.concerns?.(bytes, 0, bytes.length) ?? -1;
        expect(policy.text(value.toWellFormed(), nowhere, concern)).toBe(
          policy.text(value.toWellFormed(), nowhere, -1),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it("a batch without secrets is not touched, and what is not redacted keeps its bytes", () => {
    const plain = spanOf("GET /orders", { "http.route": "/orders" });
    expect(rewriteStrings(plain, policy)).toBe(plain);
    const mixed = rewriteStrings(spanOf("GET /orders", { gone: "x", "http.route": "/orders" }), policy);
    expect(decodeRequest("traces", Buffer.concat(mixed.parts))).toEqual(
      decodeRequest("traces", Buffer.concat(plain.parts)),
    );
  });
});

describe("options", () => {
  it.each<[RedactOptions, string]>([
    [{}, "redact needs attributes, allow or patterns"],
    [{ patterns: ["email"], hashKey: "short" }, "hashKey must have at least 32 bytes"],
    [{ patterns: ["phone" as "email"] }, "redact option patterns cannot be phone"],
    [{ patterns: [{ pattern: /x*/ }] }, "redact option patterns cannot be /x*/"],
    [{ patterns: [{ pattern: /x/y }] }, "redact option patterns cannot be /x/y"],
    [{ patterns: [{ pattern: "email", action: "truncate-ip" }] }, "patterns.action cannot be truncate-ip for email"],
    [{ attributes: [{ keys: ["a*b"], action: "mask" }] }, 'attributes.keys cannot be ["a*b"]'],
    [{ attributes: [{ keys: ["a"], action: "blur" as "mask" }] }, "attributes.action cannot be blur"],
  ])("%j throws", (options, message) => {
    expect(() => defineRedactPolicy(options)).toThrow(message);
  });
});
