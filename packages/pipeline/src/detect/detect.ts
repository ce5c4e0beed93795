/** Finds out where this process runs, as resource attributes: from its environment and from files, never by network. */
import { readFileSync } from "node:fs";
import { arch, hostname, platform } from "node:os";
import { detectCloud } from "./cloud.ts";
import { detectOtel } from "./environment.ts";
import type { Attributes, Detection, Environment } from "./environment.ts";
import { detectKubernetes } from "./kubernetes.ts";
import type { ReadFile } from "./kubernetes.ts";

export type Detector = "otel" | "kubernetes" | "cloud" | "host";

export interface DetectOptions {
  /** Which to ask; the first that knows an attribute wins. Default: otel, kubernetes, cloud, host. */
  readonly detectors?: readonly Detector[];
  /** Win over everything detected. */
  readonly attributes?: Attributes;
  /** Default `process.env`. */
  readonly env?: Environment;
  /** Where a downward API volume is mounted. Default /etc/podinfo. */
  readonly podInfoFolder?: string;
  readonly readFile?: ReadFile;
  readonly host?: Readonly<{ name: string; arch: string; os: string }>;
}

const order: readonly Detector[] = ["otel", "kubernetes", "cloud", "host"];

/** Throws a TypeError for a detector that does not exist. */
export function detectResource(options: DetectOptions = {}): Detection {
  const { detectors = order, env = process.env, readFile = readSmallFile, podInfoFolder = "/etc/podinfo" } = options;
  const problems: string[] = [];
  let attributes: Attributes = {};
  for (const detector of detectors) {
    const found = ask(detector);
    attributes = { ...found, ...attributes };
  }
  return { attributes: { ...attributes, ...options.attributes }, problems };

  function ask(detector: Detector): Attributes {
    switch (detector) {
      case "otel": {
        const otel = detectOtel(env);
        problems.push(...otel.problems);
        return otel.attributes;
      }
      case "kubernetes":
        return detectKubernetes(env, readFile, podInfoFolder);
      case "cloud":
        return detectCloud(env);
      case "host": {
        const host = options.host ?? { name: hostname(), arch: arch(), os: platform() };
        return {
          "host.name": host.name,
          "host.arch": archs[host.arch] ?? host.arch,
          "os.type": systems[host.os] ?? host.os,
        };
      }
      default:
        throw new TypeError(`detectors cannot have ${JSON.stringify(detector satisfies never)}`);
    }
  }
}

/** Of what was detected, what may be written onto telemetry of others: not who this process is, only where. */
export function toStampAttributes(attributes: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).filter(
      ([key]) => !/^(?:service|telemetry|process|faas|k8s\.container|container)\./.test(key),
    ),
  );
}

/** Node's names into those of the OpenTelemetry semantic conventions. */
const archs: Readonly<Record<string, string>> = { x64: "amd64", ia32: "x86", arm: "arm32" };
const systems: Readonly<Record<string, string>> = { win32: "windows", sunos: "solaris" };

function readSmallFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").slice(0, 4_096);
  } catch {
    return undefined;
  }
}
