/**
 * Installs the real peers into a cache outside the checkout and prints what it could not get, and why. Run it with
 * `node test/peers/install.ts [name …]`; it uses apt-get, python3, go and npm where they are there. `npm test` never needs it.
 */
import { spawnSync } from "node:child_process";
import { existsSync, globSync, linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CACHE, findPeer, versionOf } from "./cache.ts";
import type { PeerProgram, Source } from "./peers.ts";
import { PEERS } from "./peers.ts";

const LIMIT_MS = 30 * 60_000;

class Unavailable extends Error {}

function run(command: string, args: readonly string[], cwd: string, env: Record<string, string> = {}): string {
  const done = spawnSync(command, args, { cwd, encoding: "utf8", timeout: LIMIT_MS, env: { ...process.env, ...env } });
  if (done.error !== undefined) throw new Unavailable(`${command}: ${done.error.message}`);
  const output = `${done.stdout}${done.stderr}`.trim();
  if (done.status !== 0) throw new Unavailable(`${command} ${args[0]}: ${output.split("\n").slice(-3).join(" ")}`);
  return output;
}

function install(source: Source, folder: string, binary: string): void {
  switch (source.kind) {
    case "debian":
      // Unpacked, not installed: no root, no service started, nothing outside the cache.
      run("apt-get", ["download", "-q", ...debianPackages(source.package, folder)], folder);
      for (const archive of globSync("*.deb", { cwd: folder })) run("dpkg-deb", ["-x", archive, "."], folder);
      return;
    case "pypi":
      run("python3", ["-m", "venv", "."], folder);
      run(join(folder, "bin", "pip"), ["install", "-q", source.requirement], folder);
      linkBinary(folder, binary);
      return;
    case "go":
      run("go", ["install", source.module], folder, { GOBIN: join(folder, "bin"), GOFLAGS: "-mod=mod" });
      return;
    case "npm":
      run("npm", ["install", "--no-audit", "--no-fund", "--prefix", folder, source.package], folder);
      return;
    case "collector":
      buildCollector(source, folder);
  }
}

/** The package and all that it needs and this machine does not have. */
function debianPackages(name: string, folder: string): string[] {
  const ask = ["install", "--reinstall", "--print-uris", "-qq", "--no-install-recommends", name];
  // 'http://…/pool/…/name_1%3a2.3_amd64.deb' name_1%3a2.3_amd64.deb 1234 SHA256:…
  const names = [...run("apt-get", ask, folder).matchAll(/^'[^']+' ([^_\s]+)_\S+\.deb /gm)].map(
    ([, found]) => found as string,
  );
  if (names.length === 0) throw new Unavailable(`apt-get knows of no ${name}: its lists may have to be updated`);
  return names;
}

/** Some wheels carry the program inside their package and no script for it. */
function linkBinary(folder: string, binary: string): void {
  if (existsSync(join(folder, binary))) return;
  const name = binary.split("/").at(-1) as string;
  const found = globSync(`lib/python*/site-packages/**/${name}`, { cwd: folder })[0];
  if (found === undefined) throw new Unavailable(`the package holds no program ${name}`);
  linkSync(join(folder, found), join(folder, binary));
}

function buildCollector({ version, contrib }: Extract<Source, { kind: "collector" }>, folder: string): void {
  run("go", ["install", `go.opentelemetry.io/collector/cmd/builder@v${version}`], folder, { GOBIN: folder });
  const core = (path: string): string => `go.opentelemetry.io/collector/${path} v${version}`;
  const other = (kind: string): string[] =>
    contrib
      .filter((path) => path.startsWith(`${kind}/`))
      .map((path) => `github.com/open-telemetry/opentelemetry-collector-contrib/${path} v${version}`);
  const section = (name: string, modules: readonly string[]): string =>
    `${name}:\n${modules.map((module) => `  - gomod: ${module}\n`).join("")}`;
  writeFileSync(
    join(folder, "builder.yaml"),
    [
      `dist: { name: otelcol, output_path: ${join(folder, "build")}, version: ${version} }\n`,
      section("receivers", [core("receiver/otlpreceiver")]),
      section("processors", [
        core("processor/batchprocessor"),
        core("processor/memorylimiterprocessor"),
        ...other("processor"),
      ]),
      section("exporters", [
        core("exporter/otlpexporter"),
        core("exporter/otlphttpexporter"),
        core("exporter/debugexporter"),
        ...other("exporter"),
      ]),
    ].join(""),
  );
  run(join(folder, "builder"), ["--config", "builder.yaml"], folder);
}

function checked(peer: PeerProgram): string {
  const binary = findPeer(peer.name);
  if (binary === undefined) throw new Unavailable("the program is not where it was expected");
  const line = versionOf(peer, binary);
  if (line === undefined) throw new Unavailable(`${binary} does not run, or does not say its version`);
  return line;
}

/** What does not run is taken away again, so that the next attempt starts afresh. */
function provide(peer: PeerProgram): string {
  const folder = join(CACHE, peer.name);
  try {
    if (!existsSync(join(folder, peer.binary))) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(dirname(join(folder, peer.binary)), { recursive: true });
      install(peer.source, folder, peer.binary);
    }
    return checked(peer);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

const wanted = process.argv.slice(2);
let missing = 0;
process.stdout.write(`peers in ${CACHE}\n`);
for (const peer of PEERS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  process.stdout.write(`${peer.name.padEnd(10)} `);
  try {
    process.stdout.write(`${provide(peer)}\n`);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    missing += 1;
    process.stdout.write(`could not be had: ${error.message}\n`);
  }
}
process.stdout.write(missing === 0 ? "all there\n" : `${missing} could not be had\n`);
