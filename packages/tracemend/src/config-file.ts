/** The text of a configuration file → plain values, and where in the text each of them stands. */
import type { Document, Node } from "yaml";
import { LineCounter, isMap, isNode, isPair, isScalar, parseDocument } from "yaml";

/** Something wrong with the configuration: every finding with its file, line and key, ready to be shown. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

export interface ConfigText {
  /** File name as the user gave it. */
  readonly file: string;
  readonly value: unknown;
  /**
   * The value with numbers and booleans at those of these paths that an environment variable alone stands at: a variable is
   * text, and what is wanted there knows only the schema. Undefined where there is none.
   */
  retyped(paths: readonly (readonly PropertyKey[])[]): unknown;
  /** `file:line:column` of the value at this path, or of the closest ancestor that is written down. */
  where(path: readonly PropertyKey[]): string;
}

/** `${env:NAME}` and `${env:NAME:-default}` stand for an environment variable, as in the Collector's configuration. */
export function readConfigText(
  file: string,
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): ConfigText {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number): string => {
    const { line, col } = counter.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    throw new ConfigError(document.errors.map((error) => `${at(error.pos[0])}: ${error.message}`).join("\n"));
  }
  const where = (path: readonly PropertyKey[]): string => at(offsetOf(document, path));
  const missing: string[] = [];
  const alone = new Set<string>();
  const value = substitute(document.toJS(), [], (text, path) => {
    if (/^\$\{env:[^}]*\}$/.test(text)) alone.add(JSON.stringify(path));
    return text.replaceAll(REFERENCE, (_, name: string, fallback?: string) => {
      const found = env[name] ?? fallback;
      if (found === undefined)
        missing.push(
          `${where(path)}: ${path.join(".")}: environment variable ${name} is not set and has no default; ` +
            `\${env:${name}:-…} gives it one`,
        );
      return found ?? "";
    });
  });
  if (missing.length > 0) throw new ConfigError(missing.join("\n"));
  return {
    file,
    value,
    where,
    retyped(paths) {
      const wanted = new Set(paths.map((path) => JSON.stringify(path)).filter((path) => alone.has(path)));
      if (wanted.size === 0) return undefined;
      return substitute(value, [], (text, path) => (wanted.has(JSON.stringify(path)) ? scalarOf(text) : text));
    },
  };
}

const REFERENCE = /\$\{env:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/** With another value in the place of each text. */
function substitute(
  value: unknown,
  path: readonly PropertyKey[],
  change: (text: string, path: readonly PropertyKey[]) => unknown,
): unknown {
  if (Array.isArray(value)) return value.map((item: unknown, index) => substitute(item, [...path, index], change));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, substitute(item, [...path, key], change)]),
    );
  }
  return typeof value === "string" ? change(value, path) : value;
}

/** The number or boolean that YAML reads in a text, else the text. */
function scalarOf(text: string): string | number | boolean {
  const { contents } = parseDocument(text);
  const value = isScalar(contents) ? contents.value : undefined;
  return typeof value === "number" || typeof value === "boolean" ? value : text;
}

function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    const offset = keyOffset(document, path, length) ?? (isNode(node) ? startOf(node) : undefined);
    if (offset !== undefined) return offset;
  }
  return 0;
}

/** The key is where a person looks, so a value is shown by its key where it has one. */
function keyOffset(document: Document.Parsed, path: readonly PropertyKey[], length: number): number | undefined {
  if (length === 0) return undefined;
  const parent: unknown = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === path[length - 1]);
  return pair !== undefined && isNode(pair.key) ? startOf(pair.key) : undefined;
}

function startOf(node: Node): number | undefined {
  return node.range?.[0];
}
