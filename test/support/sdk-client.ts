/** Sends one span, one data point and one log record with OpenTelemetry's SDK for Node, to where the environment says. */
import { createRequire } from "node:module";
import process from "node:process";
import { logs, metrics, SeverityNumber, trace } from "@opentelemetry/api";
import type * as Sdk from "@opentelemetry/sdk-node";

// Its declarations are written for CommonJS.
const { NodeSDK } = createRequire(import.meta.url)("@opentelemetry/sdk-node") as typeof Sdk;
const sdk = new NodeSDK({ serviceName: "sdk" });
sdk.start();
trace.getTracer("client").startActiveSpan("work", { attributes: { "http.route": "/work" } }, (span) => {
  metrics.getMeter("client").createCounter("jobs").add(7, { kind: "good" });
  logs.getLogger("client").emit({ severityNumber: SeverityNumber.WARN, body: "done" });
  span.end();
});
await sdk.shutdown();
process.exit();
