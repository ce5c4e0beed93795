/** What a route is made of: its options, checked and completed once. */
import type { AnswerField, Edits } from "@tracemend/context";
import { checkInteger, completeNumbers, oneOf, wrong } from "./check.ts";
import type { FieldChanges } from "./field-changes.ts";
import { completeFields } from "./field-changes.ts";
import type { MirrorOf, MirrorOptions } from "./mirror-options.ts";
import { completeMirror } from "./mirror-options.ts";
import type { Limits, Timeouts } from "./plane/plane.ts";
import type { RootSampler, RootSampling } from "./root-sampling.ts";
import { completeSampling } from "./root-sampling.ts";
import type { Fits, RouteMatch } from "./routing.ts";
import { compileMatch } from "./routing.ts";
import type { ExchangeTimeouts, UpstreamOptions, UpstreamSettings } from "./upstream/options.ts";
import { completeUpstream, isTunnel } from "./upstream/options.ts";

/**
 * With exactly one of `upstream`, `split` and `answer`. Where the upstream is `tcp:` it is a tunnel: CONNECT alone takes it,
 * to the `host:port` that `match.authority` names, and nobody else is connected to what the caller says.
 */
export interface Route {
  /** What metrics and logs call it; `route <index>` where absent. */
  readonly name?: string;
  /** Absent: every request. */
  readonly match?: RouteMatch;
  readonly upstream?: UpstreamOptions;
  /** Shares of the requests; one trace goes one way, a request without a trace either. */
  readonly split?: readonly { readonly upstream: UpstreamOptions; readonly weight: number }[];
  /** The proxy answers itself. */
  readonly answer?: DirectAnswer;
  readonly rewrite?: Rewrite;
  /** Where copies of the requests go; not beside an `answer`. */
  readonly mirror?: MirrorOptions;
  /** Fields in which answers name our SERVER span, where it is exported. Absent: what the upstream names goes on as it came. */
  readonly traceresponse?: readonly AnswerField[];
  /** Of traces that begin with a request of this route; in place of the boundary's. */
  readonly sampling?: RootSampling;
  /** In place of the upstream's. */
  readonly timeouts?: Partial<ExchangeTimeouts>;
  /** Changes of requests before the boundary's policy has its say, and of every answer, the proxy's own too. */
  readonly requestFields?: FieldChanges;
  readonly answerFields?: FieldChanges;
}

export interface DirectAnswer {
  readonly status: number;
  /** Text as `text/plain` unless `type` says otherwise; empty where absent. */
  readonly body?: string;
  readonly type?: string;
  /** More fields, for instance `{ location: "https://…" }`. */
  readonly fields?: Readonly<Record<string, string>>;
}

export interface Rewrite {
  /** In place of what `match.pathPrefix` fitted. */
  readonly pathPrefix?: string;
  /** `Host` or `:authority` for the upstream. */
  readonly authority?: string;
}

/** A route; `T` is where its requests go. */
export interface RouteOf<T> {
  readonly name: string;
  readonly fits: Fits;
  /** For CONNECT alone. */
  readonly tunnel: boolean;
  readonly template: string | undefined;
  /** Empty where the proxy answers itself. */
  readonly ways: readonly Way<T>[];
  readonly answer: ReadyAnswer | undefined;
  readonly authority: string | undefined;
  readonly path: PathRewrite | undefined;
  readonly mirror: MirrorOf<T> | undefined;
  /** Undefined where none is asked for. */
  readonly traceresponse: readonly AnswerField[] | undefined;
  /** Undefined where every trace that begins here is recorded. */
  readonly sampling: RootSampler | undefined;
  /** Undefined where those of the upstream hold. */
  readonly timeouts: Partial<ExchangeTimeouts> | undefined;
  readonly requestEdits: Edits;
  readonly answerEdits: Edits;
}

export interface Way<T> {
  readonly to: T;
  /** The weights up to and with this one, as a share of them all. */
  readonly upTo: number;
}

export interface ReadyAnswer {
  readonly status: number;
  readonly lines: readonly string[];
  readonly body: Uint8Array;
}

export interface PathRewrite {
  /** Characters of the target that are replaced. */
  readonly length: number;
  readonly by: string;
}

/** Throws a `TypeError` that names the option and the value. */
export function completeRoute(
  route: Route,
  index: number,
  engine: { readonly timeouts: Timeouts; readonly limits: Limits },
): RouteOf<UpstreamSettings> {
  const option = `routes[${index}]`;
  const { match = {}, upstream, split, answer, rewrite, mirror, traceresponse = [] } = route;
  if ([upstream, split, answer].filter((given) => given !== undefined).length !== 1)
    throw wrong(option, Object.keys(route), "with exactly one of upstream, split and answer");
  if (split?.length === 0) throw wrong(`${option}.split`, split, "a list of at least one upstream");
  if (mirror !== undefined && answer !== undefined)
    throw wrong(`${option}.mirror`, mirror.upstream.name, "absent where the proxy answers itself");
  const shares = split ?? (upstream === undefined ? [] : [{ upstream, weight: 1 }]);
  for (const { weight } of shares)
    if (!Number.isFinite(weight) || weight < 0) throw wrong(`${option}.split`, weight, "weights of 0 or more");
  for (const field of traceresponse) oneOf(`${option}.traceresponse`, field, ["traceresponse", "server-timing"]);
  const total = shares.reduce((sum, { weight }) => sum + weight, 0);
  if (shares.length > 0 && total === 0) throw wrong(`${option}.split`, 0, "weights of which one is above 0");
  let sum = 0;
  const ways = shares.map(({ upstream: to, weight }, at) => ({
    to: completeUpstream(to, split === undefined ? `${option}.upstream` : `${option}.split[${at}].upstream`, engine),
    upTo: (sum += weight) / total,
  }));
  const tunnel = ways.some(({ to }) => isTunnel(to.target));
  if (tunnel) checkTunnel(route, ways, option);
  return {
    name: route.name ?? `route ${index}`,
    fits: compileMatch(match, `${option}.match`),
    tunnel,
    template: match.path ?? match.pathTemplate,
    ways,
    answer: answer === undefined ? undefined : completeAnswer(answer, `${option}.answer`),
    authority: rewrite?.authority,
    path: completeRewrite(rewrite, match, `${option}.rewrite`),
    traceresponse: traceresponse.length === 0 ? undefined : traceresponse,
    sampling: route.sampling && completeSampling(route.sampling, `${option}.sampling`),
    timeouts: route.timeouts && completeNumbers<Partial<ExchangeTimeouts>>(`${option}.timeouts`, {}, route.timeouts),
    requestEdits: completeFields(route.requestFields, `${option}.requestFields`),
    answerEdits: completeFields(route.answerFields, `${option}.answerFields`),
    mirror: mirror === undefined ? undefined : completeMirror(mirror, `${option}.mirror`, engine),
  };
}

/** Which ports a caller can name is written down, and so is where each of them leads. */
function checkTunnel(route: Route, ways: readonly Way<UpstreamSettings>[], option: string): void {
  const { match = {}, split } = route;
  if (!ways.every(({ to }) => isTunnel(to.target)))
    throw wrong(
      `${option}.split`,
      split?.map(({ upstream }) => String(upstream.url)),
      "tcp: alone or none of it",
    );
  const { authority = "", headers: _headers, ...rest } = match;
  if (!/:[1-9][0-9]*$/.test(authority))
    throw wrong(`${option}.match.authority`, authority, "host:port where the upstream is tcp:");
  const asked = Object.entries(rest).find(([, given]) => given !== undefined);
  if (asked !== undefined) throw wrong(`${option}.match.${asked[0]}`, asked[1], "absent where the upstream is tcp:");
  for (const key of ["rewrite", "mirror", "requestFields"] as const)
    if (route[key] !== undefined) throw wrong(`${option}.${key}`, route[key], "absent where the upstream is tcp:");
}

function completeAnswer(answer: DirectAnswer, option: string): ReadyAnswer {
  const { status, body = "", type = "text/plain; charset=utf-8", fields = {} } = answer;
  checkInteger(`${option}.status`, status, 200, 599);
  const bytes = new TextEncoder().encode(body);
  const hasBody = status !== 204 && status !== 304;
  if (!hasBody && bytes.length > 0) throw wrong(`${option}.body`, body, `empty for a status of ${status}`);
  const lines = Object.entries(fields).flat();
  if (bytes.length > 0) lines.push("content-type", type);
  if (hasBody) lines.push("content-length", String(bytes.length));
  return { status, lines, body: bytes };
}

function completeRewrite(rewrite: Rewrite | undefined, match: RouteMatch, option: string): PathRewrite | undefined {
  const by = rewrite?.pathPrefix;
  if (by === undefined) return undefined;
  if (!by.startsWith("/")) throw wrong(`${option}.pathPrefix`, by, "a path that begins with /");
  const { pathPrefix } = match;
  if (pathPrefix === undefined) throw wrong(`${option}.pathPrefix`, by, "absent where match.pathPrefix is");
  return { length: pathPrefix.length, by };
}

/** The target with its prefix replaced; exactly one slash stands where the two meet. */
export function rewritePath({ length, by }: PathRewrite, target: string): string {
  const first = target.charAt(length);
  if (first === "" || first === "?") return by + target.slice(length);
  const closed = by.endsWith("/");
  if (first === "/") return by + target.slice(closed ? length + 1 : length);
  return `${by}${closed ? "" : "/"}${target.slice(length)}`;
}

/** Every place that requests of a route go to, copies included. */
export function placesOf<T>({ ways, mirror }: RouteOf<T>): readonly T[] {
  const places = ways.map(({ to }) => to);
  return mirror === undefined ? places : [...places, mirror.to];
}

/** `share` from 0 up to 1. */
export function wayAt<T>(ways: readonly Way<T>[], share: number): T | undefined {
  for (const way of ways) if (share < way.upTo) return way.to;
  return ways.findLast((way, at) => way.upTo > (ways[at - 1]?.upTo ?? 0))?.to;
}
