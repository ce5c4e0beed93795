/** Every format by its name, in the order in which they are looked for where a policy does not say. */
import * as azure from "./azure.ts";
import * as b3Multi from "./b3-multi.ts";
import * as b3 from "./b3.ts";
import * as datadog from "./datadog.ts";
import type { Format, FormatName } from "./format.ts";
import * as gcp from "./gcp.ts";
import * as grpcTraceBin from "./grpc-trace-bin.ts";
import * as instana from "./instana.ts";
import * as jaeger from "./jaeger.ts";
import * as lightstep from "./lightstep.ts";
import * as otTracer from "./ot-tracer.ts";
import * as sentry from "./sentry.ts";
import * as skywalking from "./skywalking.ts";
import * as xray from "./xray.ts";

export const FORMATS: ReadonlyMap<FormatName, Format> = new Map(
  (
    [
      { name: "b3", ...b3 },
      { name: "b3-multi", ...b3Multi },
      { name: "xray", ...xray },
      { name: "gcp", ...gcp },
      { name: "datadog", ...datadog },
      { name: "grpc-trace-bin", ...grpcTraceBin },
      { name: "jaeger", ...jaeger },
      { name: "ot-tracer", ...otTracer },
      { name: "sentry", ...sentry },
      { name: "azure", ...azure },
      { name: "skywalking", ...skywalking },
      { name: "instana", ...instana },
      { name: "lightstep", ...lightstep },
    ] satisfies readonly Format[]
  ).map((format) => [format.name, format]),
);

export const FORMAT_NAMES: readonly FormatName[] = [...FORMATS.keys()];
