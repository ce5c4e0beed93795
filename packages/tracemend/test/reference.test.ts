import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { configJsonSchema } from "../src/config.ts";

const text = readFileSync(new URL("../REFERENCE.md", import.meta.url), "utf8");
const words = new Set([...text.matchAll(/`([^`]+)`/g)].flatMap(([, code = ""]) => code.split(/[^a-z0-9_]+/)));

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly additionalProperties?: Node | boolean;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly default?: unknown;
}

interface Key {
  readonly path: string;
  readonly name: string;
  readonly missing: unknown;
}

function keysOf(node: Node, path = ""): Key[] {
  const inner = typeof node.additionalProperties === "object" ? [node.additionalProperties] : [];
  const beside = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.items ? [node.items] : []), ...inner];
  const own = Object.entries(node.properties ?? {}).flatMap(([name, child]) => [
    { path: `${path}${name}`, name, missing: child.default },
    ...keysOf(child, `${path}${name}.`),
  ]);
  return [...own, ...beside.flatMap((one) => keysOf(one, path))];
}

const keys = keysOf(configJsonSchema());

describe("the reference of the configuration", () => {
  it("has every key", () => {
    expect(keys.length).toBeGreaterThan(300);
    expect(keys.filter(({ name }) => !words.has(name)).map(({ path }) => path)).toEqual([]);
  });

  it.each(keys.filter(({ missing }) => ["string", "number", "boolean"].includes(typeof missing)))(
    "tells what $path is when it is left out",
    ({ path, missing }) => {
      const rows = text.split("\n").filter((row) => path.endsWith(/^\| `([a-z_.]+)`/.exec(row)?.[1] ?? "\0"));
      expect(rows.join("\n")).toContain(`\`${String(missing)}\``);
    },
  );
});
