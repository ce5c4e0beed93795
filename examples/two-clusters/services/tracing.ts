/** The OpenTelemetry SDK as a service owner sets it up: nothing of tracemend in it; the rest comes from OTEL_* variables. */
import { createRequire } from "node:module";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici";
import { NodeSDK } from "@opentelemetry/sdk-node";

const sdk = new NodeSDK({ instrumentations: [new HttpInstrumentation(), new UndiciInstrumentation()] });
sdk.start();

// The instrumentation patches `http` when a CommonJS `require` loads it; an ES module import alone does not reach it.
createRequire(import.meta.url)("node:http");

/** Sends the spans that wait, then ends the process: a service that is told to stop loses none. */
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    void sdk.shutdown().finally(() => process.exit(0));
  });
}
