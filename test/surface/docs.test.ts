import { execFile } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { ROOT, files, members, read } from "../support/workspace.ts";

const documents = [...files("*.md"), ...files("{packages,examples}/*/README.md"), ...files("test/**/*.md")];

/** Paths in backticks that look like files of ours, and the targets of relative links. */
function namedFiles(text: string): readonly string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, "");
  const quoted = [...prose.matchAll(/`([^`\s]+)`/g)].map((match) => match[1] as string);
  const paths = quoted.filter((name) => /^(?:\.{1,2}\/)?(?:packages|examples|test|src|\.ci|\.toolchain)\//.test(name));
  const links = [...prose.matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)].map((match) => match[1] as string);
  return [...paths, ...links].filter((name) => !/[*{<…]/.test(name));
}

describe.each(documents)("%s", (document) => {
  it("names only files that exist", () => {
    const missing = namedFiles(read(document)).filter(
      (name) => !existsSync(join(ROOT, dirname(document), name)) && !existsSync(join(ROOT, name)),
    );
    expect(missing).toEqual([]);
  });
});

describe.each([...members("packages"), ...members("examples")])("the README of $folder", ({ folder }) => {
  const text = existsSync(join(ROOT, folder, "README.md")) ? read(`${folder}/README.md`) : "";

  it("is there", () => {
    expect(text).toMatch(/^# /);
  });

  const blocks = [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match) => match[1] as string);
  it.each(blocks.map((code, at) => ({ code, block: at + 1 })))(
    "has code that runs (block $block)",
    async ({ code, block }) => {
      // Type stripping is refused below node_modules, and a package finds itself by name only from within its folder.
      const probe = join(ROOT, folder, "dist", `readme-${process.pid}-${block}`);
      mkdirSync(probe, { recursive: true });
      try {
        writeFileSync(join(probe, "readme.ts"), code);
        const run = promisify(execFile)(process.execPath, [join(probe, "readme.ts")], { timeout: 20_000, cwd: probe });
        await expect(run).resolves.toMatchObject({ stderr: "" });
      } finally {
        rmSync(probe, { recursive: true, force: true });
      }
    },
  );
});
