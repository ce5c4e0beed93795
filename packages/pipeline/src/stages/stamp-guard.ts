/** Keeps out of the stamp what would make a new time series, or a false identity, of everything it is written on. */

const maxAttributes = 64;
const maxValueLength = 255;

/** What tells senders apart: written onto everything that passes, it would make all of them one. */
const identities: ReadonlySet<string> = new Set(["service.name", "service.instance.id"]);

/** What differs from request to request or from user to user. */
const perRequest: readonly RegExp[] = [
  /(?:^|[._-])(?:trace|span|request|session|transaction|correlation|message|conversation)[._-]?id$/i,
  /^(?:enduser|user|client|session|url|exception|messaging\.message|http\.request|http\.response|db\.query)[._]/,
  /(?:^|[._])(?:timestamp|time|date|counter|nonce|random)$/i,
];

/** Keys whose one value per process is an id all the same: k8s.pod.uid, host.id, container.id. */
const oneIdPerProcess = /(?:^|[._])(?:uid|id|digest|revision)$/;

/** What only an id or a moment looks like. */
const unique: readonly RegExp[] = [
  /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/i,
  /(?<![0-9a-z])[0-9a-f]{16,}(?![0-9a-z])/i,
  /^(?:\d{10}|\d{13}|\d{16}|\d{19})$/,
  /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/,
];

/** Throws a TypeError that names the attribute and what is wrong with it. */
export function checkStamp(attributes: Readonly<Record<string, string>>): void {
  const entries = Object.entries(attributes);
  if (entries.length > maxAttributes) {
    throw new TypeError(`attributes: at most ${maxAttributes} can be stamped, not ${entries.length}`);
  }
  for (const [key, value] of entries) {
    const problem = findProblem(key, value);
    if (problem !== undefined)
      throw new TypeError(`attributes: ${key} cannot be stamped as ${JSON.stringify(value)}: ${problem}`);
  }
}

function findProblem(key: string, value: string): string | undefined {
  if (identities.has(key) || key.startsWith("telemetry.")) return "it says who the sender is";
  if (perRequest.some((pattern) => pattern.test(key))) return "the key is of high cardinality";
  if (value.length > maxValueLength) return `a value has at most ${maxValueLength} characters`;
  if (value.includes("${") || value.includes("$(")) return "a variable in it was not replaced";
  if (!oneIdPerProcess.test(key) && unique.some((pattern) => pattern.test(value)))
    return "the value is of high cardinality";
  return undefined;
}
