/** What spans show of a query: the names of its parameters, and the values of those that may be shown. */
import { wrong } from "./check.ts";

/** Of a request target; undefined where it has no query. */
export type ShownQuery = (target: string) => string | undefined;

/** `names` of parameters, as they are written in targets. Throws a `TypeError` that names the option and the value. */
export function completeQuery(names: readonly string[], option: string): ShownQuery {
  names.forEach((name, index) => {
    if (!isParameterName(name)) throw wrong(`${option}[${index}]`, name, "the name of a parameter");
  });
  const shown = new Set(names);
  return (target) => {
    const start = target.indexOf("?");
    if (start < 0) return undefined;
    return target
      .slice(start + 1)
      .split("&")
      .map((parameter) => redact(parameter, shown))
      .join("&");
  };
}

/** As it stands in targets. */
export function isParameterName(text: string): boolean {
  return /^[^&=#?\s]+$/.test(text);
}

const REDACTED = "REDACTED";

/** What has no name is a value. Source: OpenTelemetry semantic conventions, `url.query`. */
function redact(parameter: string, shown: ReadonlySet<string>): string {
  const end = parameter.indexOf("=");
  if (end < 0) return parameter === "" || shown.has(parameter) ? parameter : REDACTED;
  const name = parameter.slice(0, end);
  return shown.has(name) ? parameter : `${name}=${REDACTED}`;
}
