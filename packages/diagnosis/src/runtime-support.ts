/** Which language runtimes the SDKs that people run support, by major version of the SDK: what SDK-001 asks. */

/** The least runtime by `telemetry.sdk.language` and major version of the SDK, as the SDKs' own release notes state it. */
const LEAST: Readonly<Record<string, Readonly<Record<number, readonly [major: number, minor: number]>>>> = {
  nodejs: { 1: [14, 0], 2: [18, 19] },
  java: { 1: [8, 0] },
  python: { 1: [3, 8] },
};

/** Undefined where the language or the SDK's version is not in the table, or a version is not given. */
export function isSupported(language: string, sdkVersion: string, runtimeVersion: string): boolean | undefined {
  const [sdk] = numbersOf(sdkVersion);
  const least = sdk === undefined ? undefined : LEAST[language]?.[sdk];
  const [major, minor = 0] = runtimeOf(language, runtimeVersion);
  if (least === undefined || major === undefined) return undefined;
  return major > least[0] || (major === least[0] && minor >= least[1]);
}

/** Java 8 calls itself 1.8. */
function runtimeOf(language: string, version: string): readonly number[] {
  const numbers = numbersOf(version);
  return language === "java" && numbers[0] === 1 ? numbers.slice(1) : numbers;
}

function numbersOf(version: string): readonly number[] {
  const parts = version.startsWith("v") ? version.slice(1) : version;
  const numbers: number[] = [];
  for (const part of parts.split(".", 3)) {
    const number = Number.parseInt(part, 10);
    if (Number.isNaN(number)) break;
    numbers.push(number);
  }
  return numbers;
}
