import { describe, expect, test } from "vitest";
import type { DestinationOptions } from "@tracemend/pipeline";
import { defineDestination } from "../src/destination.ts";

const valid: DestinationOptions = { name: "eu", endpoint: "http://collector:4317", protocol: "grpc" };

describe("a destination", () => {
  test("has defaults for everything but name, endpoint and protocol", () => {
    expect(defineDestination(valid)).toEqual({
      name: "eu",
      region: undefined,
      protocol: "grpc",
      origin: "http://collector:4317",
      basePath: "",
      signals: ["traces", "metrics", "logs", "profiles"],
      headers: {},
      compression: "none",
      timeoutMs: 10_000,
      queue: { maxBytes: 67_108_864, storage: undefined },
      maxConcurrent: 10,
      balance: undefined,
      failover: undefined,
      batch: { maxItems: 8_192, maxBytes: 4_000_000, maxAgeMs: 200 },
      retry: {
        initialIntervalMs: 1_000,
        multiplier: 1.5,
        randomizationFactor: 0.5,
        maxIntervalMs: 30_000,
        maxElapsedTimeMs: 300_000,
      },
      tls: {},
    });
  });

  test("keeps the path of an HTTP endpoint without the slash at its end", () => {
    const destination = defineDestination({ ...valid, endpoint: "https://c.example/otlp/", protocol: "http/protobuf" });
    expect(destination).toMatchObject({ origin: "https://c.example", basePath: "/otlp" });
  });

  test("tells node:tls the name to expect", () => {
    const tls = { ca: "pem", serverName: "c" };
    expect(defineDestination({ ...valid, endpoint: "https://c:4317", tls }).tls).toEqual({
      ca: "pem",
      servername: "c",
    });
  });

  test.for<[Partial<Record<keyof DestinationOptions, unknown>>, RegExp]>([
    [{ name: "" }, /name/],
    [{ tls: { ca: "pem" } }, /eu: tls must be absent with http/],
    [{ endpoint: "https://user:s3cret@c:1?key=s3cret" }, /^(?!.*s3cret).*endpoint/],
    [
      {
        failover: { targets: [{ endpoint: "http://c:1", headers: { a: "s3cret" } }] },
        balance: { resolver: { kind: "dns" } },
      },
      /^(?!.*s3cret).*failover/,
    ],
    [{ endpoint: "collector:4317" }, /eu: endpoint .*"collector:4317"/],
    [{ endpoint: "http://c:1/v1" }, /eu: endpoint .*"http:\/\/c:1\/v1"/],
    [{ endpoint: "http://user:secret@c:1" }, /eu: endpoint/],
    [{ protocol: "http/json" }, /eu: protocol .*"http\/json"/],
    [{ signals: [] }, /eu: signals/],
    [{ signals: ["spans"] }, /eu: signals .*"spans"/],
    [{ compression: "snappy" }, /eu: compression .*"snappy"/],
    [{ timeoutMs: 0 }, /eu: timeoutMs .*0/],
    [{ queue: { maxBytes: 0.5 } }, /eu: queue.maxBytes .*0.5/],
    [{ batch: { maxItems: 0 } }, /eu: batch.maxItems .*0/],
    [{ batch: { maxBytes: -1 } }, /eu: batch.maxBytes .*-1/],
    [{ batch: { maxAgeMs: -1 } }, /eu: batch.maxAgeMs .*-1/],
    [{ retry: { multiplier: 0.5 } }, /eu: retry.multiplier .*0.5/],
    [{ retry: { randomizationFactor: 2 } }, /eu: retry.randomizationFactor .*2/],
    [{ retry: { maxElapsedTimeMs: Number.NaN } }, /eu: retry.maxElapsedTimeMs/],
    [{ headers: { "bad name": "x" } }, /eu: headers .*"bad name"/],
    [{ headers: { good: "a\r\nb: c" } }, /eu: headers .*"good"/],
    [{ headers: { "Content-Length": "5" } }, /eu: headers .*"Content-Length"/],
    [{ headers: { ":path": "/" } }, /eu: headers .*":path"/],
  ])("with %o names what is wrong", ([wrong, message]) => {
    expect(() => defineDestination({ ...valid, ...wrong } as DestinationOptions)).toThrow(message);
    expect(() => defineDestination({ ...valid, ...wrong } as DestinationOptions)).toThrow(TypeError);
  });

  test("does not repeat the values of headers, which may be secrets", () => {
    const wrong = { ...valid, headers: { authorization: "Bearer s3cret\n" } };
    expect(() => defineDestination(wrong)).toThrow(/^(?!.*s3cret)/);
  });
});
