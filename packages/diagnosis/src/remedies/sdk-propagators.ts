/** How the SDK of a service is told to continue W3C contexts, by the language its spans say it is written in. */
import type { RemedySnippet } from "../break.ts";

const ENVIRONMENT: RemedySnippet = {
  product: "any OpenTelemetry SDK",
  language: "sh",
  snippet: "OTEL_PROPAGATORS=tracecontext,baggage",
};

const NODE: RemedySnippet = {
  product: "OpenTelemetry for Node.js",
  language: "ts",
  snippet: `// loaded before anything else: node --import ./telemetry.ts app.ts
import { NodeSDK } from "@opentelemetry/sdk-node";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";

new NodeSDK({
  textMapPropagator: new W3CTraceContextPropagator(),
  instrumentations: [new HttpInstrumentation()],
}).start();`,
};

const GO: RemedySnippet = {
  product: "OpenTelemetry for Go",
  language: "go",
  snippet: `// without this line the global propagator does nothing
otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
handler := otelhttp.NewHandler(mux, "server") // no otelhttp.WithPublicEndpoint() behind a border of your own`,
};

const JAVA: RemedySnippet = {
  product: "OpenTelemetry for Java",
  language: "sh",
  snippet: "java -Dotel.propagators=tracecontext,baggage -javaagent:opentelemetry-javaagent.jar -jar app.jar",
};

const PYTHON: RemedySnippet = {
  product: "OpenTelemetry for Python",
  language: "sh",
  snippet: "OTEL_PROPAGATORS=tracecontext,baggage opentelemetry-instrument python app.py",
};

const DOTNET: RemedySnippet = {
  product: "OpenTelemetry for .NET",
  language: "csharp",
  snippet: `Sdk.SetDefaultTextMapPropagator(new CompositeTextMapPropagator([new TraceContextPropagator(), new BaggagePropagator()]));
builder.Services.AddOpenTelemetry().WithTracing(tracing => tracing.AddAspNetCoreInstrumentation());`,
};

const BY_LANGUAGE: Readonly<Record<string, RemedySnippet>> = {
  nodejs: NODE,
  go: GO,
  java: JAVA,
  python: PYTHON,
  dotnet: DOTNET,
};

/** `language` is `telemetry.sdk.language`; the environment variable where it is unknown. */
export function readTraceContext(language: string): RemedySnippet {
  return BY_LANGUAGE[language] ?? ENVIRONMENT;
}
