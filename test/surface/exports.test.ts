import { describe, expect, it } from "vitest";
import { members, read } from "../support/workspace.ts";

/** The entry points of a package: `exports` of its manifest, as source files. */
function entries(exported: unknown): readonly (readonly [string, string])[] {
  return Object.entries(exported as Readonly<Record<string, string>>);
}

/** Every name that an entry point exports, types marked; entry points list their names one by one. */
function namesOf(source: string): readonly string[] {
  const lists = source.matchAll(/^export (type )?\{([^}]*)\}/gm);
  const listed = [...lists].flatMap(([, type = "", names = ""]) =>
    names
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "")
      .map((name) => `${type}${name}`),
  );
  const declared = [...source.matchAll(/^export (interface|type|function|const|class) (\w+)/gm)];
  return [
    ...listed,
    ...declared.map(([, kind, name]) => (kind === "interface" || kind === "type" ? `type ${name}` : String(name))),
  ].toSorted();
}

describe("what a package exports changes only by intent", () => {
  it.each(
    members("packages").flatMap(({ folder, manifest }) =>
      entries(manifest.exports).map(
        ([door, file]) => [`${manifest.name}${door.slice(1)}`, `${folder}/${file}`] as const,
      ),
    ),
  )("%s", (_name, file) => {
    const source = read(file);
    expect(source).not.toMatch(/^export \*/m);
    expect(namesOf(source)).toMatchSnapshot();
  });
});
