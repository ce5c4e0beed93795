/** What the operator says of this process in the OpenTelemetry environment variables. */

/** The variables a detector may look at; `process.env` has this shape. */
export type Environment = Readonly<Record<string, string | undefined>>;

export type Attributes = Readonly<Record<string, string>>;

export interface Detection {
  readonly attributes: Attributes;
  /** What could not be read, in words for the operator. */
  readonly problems: readonly string[];
}

/**
 * `OTEL_RESOURCE_ATTRIBUTES` (`key=value,key=value`, percent-encoded) and `OTEL_SERVICE_NAME`, which wins. When any part
 * is wrong the whole variable counts for nothing (OpenTelemetry Resource SDK, "Specifying resource information via an
 * environment variable").
 */
export function detectOtel(env: Environment): Detection {
  const attributes: Record<string, string> = {};
  const problems: string[] = [];
  try {
    for (const pair of (env["OTEL_RESOURCE_ATTRIBUTES"] ?? "").split(",")) {
      if (pair.trim() === "") continue;
      const equals = pair.indexOf("=");
      const key = decodeURIComponent(pair.slice(0, Math.max(0, equals)).trim());
      if (key === "") throw new URIError(`${JSON.stringify(pair)} is no key=value`);
      attributes[key] = decodeURIComponent(pair.slice(equals + 1).trim());
    }
  } catch (error) {
    for (const key of Object.keys(attributes)) delete attributes[key];
    problems.push(`OTEL_RESOURCE_ATTRIBUTES is ignored: ${(error as URIError).message}`);
  }
  const service = env["OTEL_SERVICE_NAME"] ?? "";
  return { attributes: service === "" ? attributes : { ...attributes, "service.name": service }, problems };
}

/** The first variable that is set and not empty, under each attribute's key. */
export function readVariables(env: Environment, names: Readonly<Record<string, readonly string[]>>): Attributes {
  const found: Record<string, string> = {};
  for (const [key, variables] of Object.entries(names)) {
    const name = variables.find((variable) => (env[variable] ?? "") !== "");
    if (name !== undefined) found[key] = env[name] ?? "";
  }
  return found;
}
