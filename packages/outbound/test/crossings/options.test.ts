import { describe, expect, it } from "vitest";
import type { CrossingExportOptions, Environment } from "../../src/crossings.ts";
import { completeOptions } from "../../src/crossings/options.ts";

const complete = (env: Environment, options: CrossingExportOptions = {}) => completeOptions({ env, ...options });

describe("the endpoint", () => {
  it.each<[Environment, string]>([
    [{}, "http://localhost:4318/v1/logs"],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://agent:4318/" }, "http://agent:4318/v1/logs"],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "https://agent/otlp" }, "https://agent/otlp/v1/logs"],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: " ", OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "http://a/logs" }, "http://a/logs"],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://a:4317", OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "http://b" }, "http://b"],
    [
      {
        OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
        OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: "http/json",
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://a:4318",
      },
      "http://a:4318/v1/logs",
    ],
  ])("of %j is %s", (env, endpoint) => {
    expect(complete(env).endpoint).toBe(endpoint);
  });

  it("is the option's where there is one", () => {
    const env = { OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "http://a/logs" };
    expect(complete(env, { endpoint: "http://b/logs" }).endpoint).toBe("http://b/logs");
  });

  it.each<[Environment, CrossingExportOptions, string]>([
    [{}, { endpoint: "agent:4318" }, 'endpoint is "agent:4318"; it must be a URL of http or https'],
    [{ OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "x" }, {}, 'OTEL_EXPORTER_OTLP_LOGS_ENDPOINT is "x"; it must be a URL'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "ftp://x" }, {}, 'OTEL_EXPORTER_OTLP_ENDPOINT is "ftp://x"; it must be a URL'],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://a:4317", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
      {},
      'OTEL_EXPORTER_OTLP_ENDPOINT is "http://a:4317" and for gRPC; crossings go over HTTP: name their endpoint',
    ],
  ])("of %j and %j is refused by name", (env, options, message) => {
    expect(() => complete(env, options)).toThrow(TypeError);
    expect(() => complete(env, options)).toThrow(message);
  });
});

describe("what else is sent", () => {
  it("are the headers of the environment, values decoded, or those of the option", () => {
    const env = { OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20x, a=b=c ,bad=%zz" };
    expect(complete(env).headers).toEqual({ authorization: "Bearer x", a: "b=c", bad: "%zz" });
    expect(complete({ ...env, OTEL_EXPORTER_OTLP_LOGS_HEADERS: "k=v" }).headers).toEqual({ k: "v" });
    expect(complete(env, { headers: {} }).headers).toEqual({});
  });

  it("is refused without repeating a secret where a header has no name", () => {
    expect(() => complete({ OTEL_EXPORTER_OTLP_HEADERS: "=secret" })).toThrow(
      /^OTEL_EXPORTER_OTLP_HEADERS has an entry/,
    );
    expect(() => complete({ OTEL_EXPORTER_OTLP_HEADERS: "secret" })).not.toThrow(/secret/);
  });

  it("is the service's name", () => {
    expect(complete({ OTEL_SERVICE_NAME: "shop" }).resource).toEqual({ "service.name": "shop" });
    expect(complete({}).resource).toEqual({ "service.name": "unknown_service" });
    expect(complete({}, { resource: { a: 1 } }).resource).toEqual({ a: 1 });
  });
});

it.each<[CrossingExportOptions, string]>([
  [{ maxBatch: 0 }, "maxBatch is 0; it must be an integer above 0"],
  [{ maxBytes: 1.5 }, "maxBytes is 1.5; it must be an integer above 0"],
  [{ timeoutMs: -1 }, "timeoutMs is -1; it must be an integer above 0"],
  [{ maxAgeMs: Number.NaN }, "maxAgeMs is NaN; it must be a number of milliseconds, at least 0"],
])("%j is refused", (options, message) => {
  expect(() => complete({}, options)).toThrow(new TypeError(message));
});
