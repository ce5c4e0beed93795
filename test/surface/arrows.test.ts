import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT, files, importsOf, members, read } from "../support/workspace.ts";

/** Who may import whom; there are no other arrows. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  context: [],
  otlp: [],
  diagnosis: ["context", "otlp"],
  proxy: ["context"],
  pipeline: ["otlp"],
  express: ["context"],
  hono: ["context"],
  outbound: ["context"],
  opentelemetry: ["context"],
  dashboard: [],
  tracemend: ["context", "dashboard", "diagnosis", "otlp", "pipeline", "proxy"],
};
const PURE = ["context", "otlp", "diagnosis"];

const packages = members("packages");
const shortOf = new Map(packages.map(({ manifest, short }) => [manifest.name, short]));

/** `@tracemend/otlp/x` and `tracemend` → the package they belong to; undefined for what is not ours. */
function ours(specifier: string): string | undefined {
  const name = specifier.startsWith("@") ? specifier.split("/", 2).join("/") : specifier.split("/", 1)[0];
  return shortOf.get(name as string);
}

describe.each(packages)("$short", ({ folder, short, manifest }) => {
  const sources = files(`${folder}/src/**/*.ts`);

  it("imports only along the arrows", () => {
    const found = sources.flatMap((file) => importsOf(read(file)).map(ours)).filter((name) => name !== undefined);
    const allowed = ARROWS[short];
    expect(allowed, "the arrows of every package are written down").toBeDefined();
    expect([...new Set(found)].filter((name) => allowed?.includes(name) !== true)).toEqual([]);
  });

  it("declares the dependencies it imports and no arrow it may not have", () => {
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
    expect(declared.map(ours).filter((name) => name !== undefined && !ARROWS[short]?.includes(name))).toEqual([]);
    const imported = sources
      .flatMap((file) => importsOf(read(file)))
      .filter((specifier) => !specifier.startsWith(".") && !specifier.startsWith("node:"))
      .map((specifier) => specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/"));
    expect([...new Set(imported)].filter((name) => !declared.includes(name))).toEqual([]);
  });

  it("has one version and one licence with all others", () => {
    expect(manifest).toMatchObject({ version: packages[0]?.manifest.version, license: "Apache-2.0" });
  });
});

describe("the compiler", () => {
  /** Compiles one import as if it stood in the package; what the compiler says of it. */
  function compile(short: string, specifier: string): string {
    const probe = join(ROOT, "packages", short, "dist", `probe-${process.pid}`);
    mkdirSync(probe, { recursive: true });
    try {
      writeFileSync(
        join(probe, "probe.ts"),
        `import * as probe from "${specifier}";\nexport const used: unknown = probe;\n`,
      );
      const options = { composite: false, incremental: false, noEmit: true, rootDir: join(ROOT, "packages") };
      const config = {
        extends: "../../tsconfig.json",
        compilerOptions: options,
        files: ["probe.ts"],
        include: [],
        references: [],
      };
      writeFileSync(join(probe, "tsconfig.json"), JSON.stringify(config));
      const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
      execFileSync(process.execPath, [tsc, "-p", probe, "--pretty", "false"], { encoding: "utf8", stdio: "pipe" });
      return "";
    } catch (error) {
      return String((error as { stdout?: unknown }).stdout);
    } finally {
      rmSync(probe, { recursive: true, force: true });
    }
  }

  it.each(PURE)("refuses a Node module in %s", (short) => {
    expect(compile(short, "node:fs")).toMatch(/TS(2307|2591|2580)/);
  });

  it.each([
    ["proxy", "@tracemend/pipeline"],
    ["pipeline", "@tracemend/context"],
    ["otlp", "@tracemend/context"],
    ["diagnosis", "@tracemend/pipeline"],
  ])("refuses in %s an import of %s", (short, specifier) => {
    expect(compile(short, specifier)).toMatch(/TS2307/);
  });

  it("accepts an arrow that is there", () => {
    expect(compile("proxy", "@tracemend/context")).toBe("");
  });
});
