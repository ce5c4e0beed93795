/** Tests of a path: whole, by prefix of segments, by template. Pure. */
import { wrong } from "./check.ts";

/** Whether the first `end` characters of a target fit. */
export type PathTest = (target: string, end: number) => boolean;

export interface PathMatch {
  readonly path?: string;
  readonly pathPrefix?: string;
  readonly pathTemplate?: string;
}

const SLASH = 0x2f;

/** Undefined where nothing is asked of the path. Throws a `TypeError` that names the option and the value. */
export function completePath(match: PathMatch, option: string): PathTest | undefined {
  const { path, pathPrefix, pathTemplate } = match;
  const given = Object.entries({ path, pathPrefix, pathTemplate }).filter(([, text]) => text !== undefined);
  if (given.length > 1) throw wrong(option, match, "of one of path, pathPrefix and pathTemplate alone");
  for (const [name, text] of given)
    if (text?.startsWith("/") !== true) throw wrong(`${option}.${name}`, text, "a path that begins with /");
  if (path !== undefined) return (target, end) => end === path.length && target.startsWith(path);
  if (pathPrefix !== undefined) return prefixTest(pathPrefix);
  return pathTemplate === undefined ? undefined : templateTest(pathTemplate, `${option}.pathTemplate`);
}

function prefixTest(prefix: string): PathTest {
  const { length } = prefix;
  const closed = prefix.endsWith("/");
  return (target, end) =>
    end >= length && target.startsWith(prefix) && (closed || end === length || target.charCodeAt(length) === SLASH);
}

/** A literal segment, `undefined` for any one segment. */
type Segment = string | undefined;

function templateTest(template: string, option: string): PathTest {
  const parts = template.slice(1).split("/");
  const open = parts.at(-1) === "{**}";
  if (open) parts.pop();
  const segments = parts.map((part): Segment => {
    if (/^\{[^{}*]+\}$/.test(part)) return undefined;
    if (/[{}]/.test(part)) throw wrong(option, template, "made of segments, {name} and a last {**}");
    return part;
  });
  return (target, end) => {
    let at = 0;
    for (const segment of segments) {
      if (at >= end || target.charCodeAt(at) !== SLASH) return false;
      const next = segmentEnd(target, at + 1, end);
      if (segment === undefined ? next === at + 1 : !isSegment(target, at + 1, next, segment)) return false;
      at = next;
    }
    return open || at === end;
  };
}

function segmentEnd(target: string, from: number, end: number): number {
  const slash = target.indexOf("/", from);
  return slash < 0 || slash > end ? end : slash;
}

function isSegment(target: string, from: number, to: number, segment: string): boolean {
  return to - from === segment.length && target.startsWith(segment, from);
}
