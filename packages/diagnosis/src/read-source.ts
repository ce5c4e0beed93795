/** Which service and which of its processes exported the spans of a resource. */
import type { SpanView } from "@tracemend/otlp";
import { FoundAttributes, defineAttributeKeys } from "@tracemend/otlp";
import type { Books } from "./books.ts";
import { SHORT_START, addBytes } from "./hash.ts";
import { isSupported } from "./runtime-support.ts";
import type { Instance, Service } from "./service.ts";
import { openInstance } from "./service.ts";

export interface Source {
  readonly service: Service;
  readonly instance: Instance;
}

/** What was read of a resource, which nearly always is one that was read before. */
interface Known {
  readonly bytes: Uint8Array;
  readonly instanceId: string;
  readonly source: Source;
}

const MOST_KNOWN = 128;

/** Longer ones are read each time. */
const MOST_BYTES = 2_048;

const KEYS = [
  // What tells the processes of a service apart comes first, the surest of all.
  "service.instance.id",
  "k8s.pod.name",
  "host.name",
  "service.name",
  "service.version",
  "telemetry.sdk.language",
  "telemetry.sdk.version",
  "process.runtime.version",
] as const;
const INSTANCE_KEYS = 3;
const WANTED = defineAttributeKeys(KEYS);
const found = new FoundAttributes();

/** Undefined for a resource without a name, and where there are too many services. */
export type SourceReader = (span: SpanView) => Source | undefined;

export function createSourceReader(books: Books): SourceReader {
  const known: (Known | undefined)[] = Array.from({ length: MOST_KNOWN });
  return (span) => {
    const bytes = span.resourceBytes();
    if (bytes === undefined || bytes.length > MOST_BYTES) return readSource(books, span)?.source;
    const place = addBytes(SHORT_START, bytes, 0, bytes.length) & (MOST_KNOWN - 1);
    const held = known[place];
    if (held !== undefined && isSame(held.bytes, bytes)) {
      const { service, instance } = held.source;
      // Where a service has too many processes the quietest is forgotten.
      if (service.instances.get(held.instanceId) === instance) return held.source;
    }
    const read = readSource(books, span);
    known[place] = read && { bytes: bytes.slice(), ...read };
    return read?.source;
  };
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at += 1) if (left[at] !== right[at]) return false;
  return true;
}

function readSource(books: Books, span: SpanView): Omit<Known, "bytes"> | undefined {
  span.resourceAttributes(WANTED, found);
  const name = textOf("service.name");
  const service = name === "" ? undefined : books.services.open(name);
  if (service === undefined) return undefined;
  if (service.language === "") service.language = textOf("telemetry.sdk.language");
  const instanceId =
    KEYS.slice(0, INSTANCE_KEYS)
      .map(textOf)
      .find((id) => id !== "") ?? "";
  const instance = openInstance(service, instanceId);
  if (instance.source === 0) {
    const [sdk, runtime] = [textOf("telemetry.sdk.version"), textOf("process.runtime.version")];
    instance.supported = isSupported(textOf("telemetry.sdk.language"), sdk, runtime);
    instance.source = books.sources.add({ version: textOf("service.version"), pod: textOf("k8s.pod.name") });
  }
  return { instanceId, source: { service, instance } };
}

function textOf(key: (typeof KEYS)[number]): string {
  const value = found.value(KEYS.indexOf(key));
  return typeof value === "string" ? value : "";
}
