// What someone loads who only preserves: the modules reached from reading, judging and editing, without types and comments.
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { basename } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";

const ENTRIES = ["reading.ts", "judge.ts", "edits.ts", "policy.ts"].map(
  (name) => new URL(`../src/${name}`, import.meta.url),
);

function codeOf(file: URL): string {
  const code = stripTypeScriptTypes(readFileSync(file, "utf8"));
  return code.replaceAll(/\/\*\*?[^]*?\*\/|^\s*\/\/.*$/gm, "").replaceAll(/\s+/g, " ");
}

function reach(entries: readonly URL[]): Map<string, string> {
  const modules = new Map<string, string>();
  const open = [...entries];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (modules.has(file.href)) continue;
    const code = codeOf(file);
    modules.set(file.href, code);
    for (const [, path = ""] of code.matchAll(/from "(\.[^"]+)"/g)) open.push(new URL(path, file));
  }
  return modules;
}

// A part of it is the short way that most heads take, beside the long one: it halves what a request costs.
it("whoever only preserves loads less than 52 kB, 13 kB compressed, and no format, no rules, no keys", () => {
  const modules = reach(ENTRIES);
  const names = [...modules.keys()].map((href) => basename(href));
  const code = [...modules.values()].join("\n");
  expect(names.filter((name) => /^(formats|inject|extract|trust|signing|address|define-.*)\.ts$/.test(name))).toEqual(
    [],
  );
  expect(names).toContain("traceparent.ts");
  expect(code.length).toBeLessThan(52_000);
  expect(gzipSync(code).length).toBeLessThan(13_000);
});
