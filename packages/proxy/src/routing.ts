/** Which route a request takes: the first that fits. Compiled once, nothing allocated for a request. Pure. */
import type { FieldLines } from "@tracemend/context";
import { fieldValue, findField } from "@tracemend/context";
import { wrong } from "./check.ts";
import { completePath } from "./path-template.ts";

export interface HeaderMatch {
  readonly name: string;
  /** The whole value; absent: any. */
  readonly value?: string;
  readonly prefix?: string;
  /** The field must not be there. */
  readonly absent?: boolean;
}

/** All that are given must hold. */
export interface RouteMatch {
  /** `host` or `host:port`, any case; without a port any port fits. `*.example.com` fits every host below it. */
  readonly authority?: string;
  /** The whole path. */
  readonly path?: string;
  /** Whole path segments: `/api` fits `/api` and `/api/x`, not `/apix`. */
  readonly pathPrefix?: string;
  /** `/users/{id}/orders`: a name in braces fits one segment that is not empty; a last `{**}` fits any rest. */
  readonly pathTemplate?: string;
  readonly methods?: readonly string[];
  readonly headers?: readonly HeaderMatch[];
  /** Calls of gRPC alone: `package.Service` or `package.Service/Method`. */
  readonly grpc?: string;
}

/** What is asked of a request; an exchange is one. */
export interface RouteQuery {
  readonly authority: string;
  readonly target: string;
  readonly grpc: boolean;
  readonly caller: { readonly head: { readonly method: string; readonly lines: FieldLines } };
}

export type Fits = (query: RouteQuery) => boolean;

/** What `matchRoute` looks through. */
export interface Routed {
  readonly fits: Fits;
}

export function matchRoute<T extends Routed>(routes: readonly T[], query: RouteQuery): T | undefined {
  for (const route of routes) if (route.fits(query)) return route;
  return undefined;
}

/** Throws a `TypeError` that names the option and the value. */
export function compileMatch(match: RouteMatch, option: string): Fits {
  const { authority, methods, headers, grpc } = match;
  const tests: Fits[] = [];
  if (authority !== undefined) {
    if (!AUTHORITY.test(authority)) throw wrong(`${option}.authority`, authority, "host, host:port or *.host");
    tests.push(authorityTest(authority.toLowerCase()));
  }
  for (const method of methods ?? [])
    if (!METHOD.test(method))
      throw wrong(`${option}.methods`, method, "a method, in capitals as all that are let through");
  if (methods !== undefined) tests.push(({ caller }) => methods.includes(caller.head.method));
  const path = completePath(match, option);
  if (path !== undefined) tests.push(({ target }) => path(target, pathEnd(target)));
  if (grpc !== undefined) tests.push(grpcTest(grpc));
  for (const header of headers ?? []) tests.push(headerTest(header));
  const [first, second] = tests;
  if (first === undefined) return () => true;
  if (second === undefined) return first;
  return (query) => {
    for (const test of tests) if (!test(query)) return false;
    return true;
  };
}

/** A request names neither a scheme nor a path here, and an asterisk stands for nothing further on. */
const AUTHORITY = /^(?:\*\.)?(?:\[[\da-f:.]+\]|[^\s*/@[\]:]+)(?::\d{1,5})?$/i;

const METHOD = /^[!#$%&'*+\-.^_`|~\dA-Z]+$/;

/** `wanted` is lower case. */
function authorityTest(wanted: string): Fits {
  const anyPort = portAt(wanted) < 0;
  const suffix = wanted.startsWith("*.") ? wanted.slice(1) : undefined;
  return ({ authority }) => {
    const end = anyPort ? hostEnd(authority) : authority.length;
    if (suffix === undefined) return end === wanted.length && isLowered(authority, 0, wanted);
    return end > suffix.length && isLowered(authority, end - suffix.length, suffix);
  };
}

function hostEnd(authority: string): number {
  const port = portAt(authority);
  return port < 0 ? authority.length : port;
}

function portAt(authority: string): number {
  const colon = authority.lastIndexOf(":");
  return colon > authority.lastIndexOf("]") ? colon : -1;
}

/** Whether the text has `lower` at `from`, whatever its case. */
function isLowered(text: string, from: number, lower: string): boolean {
  for (let at = 0; at < lower.length; at += 1) {
    const code = text.charCodeAt(from + at);
    const folded = code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
    if (folded !== lower.charCodeAt(at)) return false;
  }
  return true;
}

function grpcTest(wanted: string): Fits {
  const whole = wanted.includes("/");
  const path = whole ? `/${wanted}` : `/${wanted}/`;
  return ({ grpc, target }) => grpc && target.startsWith(path) && (!whole || pathEnd(target) === path.length);
}

function headerTest({ name, value, prefix, absent = false }: HeaderMatch): Fits {
  const lower = name.toLowerCase();
  if (absent) return ({ caller }) => findField(caller.head.lines, lower) < 0;
  return ({ caller }) => {
    const given = fieldValue(caller.head.lines, lower);
    if (given === undefined || (value !== undefined && given !== value)) return false;
    return prefix === undefined || given.startsWith(prefix);
  };
}

/** Where the query of a target begins, or its end. */
export function pathEnd(target: string): number {
  const query = target.indexOf("?");
  return query < 0 ? target.length : query;
}

/** The target without its query. */
export function pathOf(target: string): string {
  return target.slice(0, pathEnd(target));
}
