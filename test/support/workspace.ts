/** The workspace as files: its packages, its examples, and what their sources import. */
import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface Member {
  /** `packages/context` */
  readonly folder: string;
  /** `context` */
  readonly short: string;
  readonly manifest: {
    readonly name: string;
    readonly version?: string;
    readonly exports?: unknown;
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly peerDependencies?: Readonly<Record<string, string>>;
  };
}

export function members(group: "packages" | "examples"): readonly Member[] {
  return globSync(`${group}/*/package.json`, { cwd: ROOT })
    .sort()
    .map((file) => ({
      folder: dirname(file),
      short: basename(dirname(file)),
      manifest: JSON.parse(read(file)) as Member["manifest"],
    }));
}

export function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

/** Paths from the root, `node_modules` and `dist` left out. */
export function files(pattern: string): readonly string[] {
  return globSync(pattern, { cwd: ROOT, exclude: (name) => name === "node_modules" || name === "dist" }).map((file) =>
    relative(".", file),
  );
}

/** Every module specifier that a source names; code inside template literals is text for people. */
export function importsOf(source: string): readonly string[] {
  const code = source.replaceAll(/`(?:[^`\\]|\\.)*`/g, "``");
  const statements = code.matchAll(/^(?:import|export)\s(?:[^;"=()]*?\bfrom\s+)?"([^"]+)"/gm);
  const calls = code.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g);
  return [...statements, ...calls].map((match) => match[1] as string);
}
