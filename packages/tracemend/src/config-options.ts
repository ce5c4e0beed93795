/** What proxy and context say of an option, as a finding at the key of the file that the option came from. Pure. */

/** A boundary, as far as options point into it. */
interface BoundaryKeys {
  readonly routes: readonly {
    readonly upstream?: string | undefined;
    readonly split?: readonly { readonly upstream: string }[] | undefined;
    readonly mirror?: { readonly upstream: string } | undefined;
  }[];
}

export interface KeyFinding {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** `routes[0].match.pathPrefix is "x"; it must be …`, and with `within` where the options begin that are not of the whole boundary. */
const OPTION = /^([A-Za-z]+(?:\[\d+\]|\.[\w-]+)*) (is .*)$/s;

/** `boundaries.<at>`, or below it where `within` says so; the whole text stands there where it names no option. */
export function findingOf(
  text: string,
  at: number,
  boundary: BoundaryKeys,
  within: readonly string[] = [],
): KeyFinding {
  const start = ["boundaries", at, ...within];
  const [, option, message] = OPTION.exec(text) ?? [];
  if (option === undefined || message === undefined) return { path: start, message: text };
  const keys = option
    .split(/[.[\]]+/)
    .filter((key) => key !== "")
    .map((key) => (/^\d+$/.test(key) ? Number(key) : toSnake(key)));
  if (keys[0] === "listen") keys.shift();
  return { path: upstreamKeys(keys, boundary) ?? [...start, ...keys], message: inSnake(message) };
}

/** An upstream is written down once, whoever names it. */
function upstreamKeys(keys: readonly PropertyKey[], { routes }: BoundaryKeys): readonly PropertyKey[] | undefined {
  if (keys[0] !== "routes") return undefined;
  const route = routes[keys[1] as number];
  const at = keys.indexOf("upstream");
  const name =
    at === 2
      ? route?.upstream
      : keys[2] === "split" && at === 4
        ? route?.split?.[keys[3] as number]?.upstream
        : keys[2] === "mirror" && at === 3
          ? route?.mirror?.upstream
          : undefined;
  return name === undefined ? undefined : ["upstreams", name, ...keys.slice(at + 1)];
}

/** Values are shown as they are; what they must be speaks of other options. */
function inSnake(message: string): string {
  const wanted = message.lastIndexOf("; it must be ");
  if (wanted < 0) return message;
  return message.slice(0, wanted) + message.slice(wanted).replaceAll(/\b[a-z]+(?:[A-Z][a-z]*)+\b/g, toSnake);
}

function toSnake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
