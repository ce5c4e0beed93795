// Plain JavaScript for Node >= 20 and its npm alone: puts the pinned pnpm beside this file, installs the workspace with
// it, then runs the command it is given. The workspace brings its own Node (node_modules/.bin/node). A warm run compares
// one fingerprint and starts the command at once, without asking any registry.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { run } from "./run.mjs";

const PNPM = "12.21.0";
const home = dirname(fileURLToPath(import.meta.url));
const root = dirname(home);
const bin = join(home, "node_modules", ".bin");
const stamp = join(root, "node_modules", ".tracemend-installed");
const lock = join(home, "installing");
const { npm_execpath: npm = "", npm_node_execpath: node = process.execPath } = process.env;

const say = (text) => process.stderr.write(`tracemend: ${text}\n`);
const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

const here = (...paths) => ({
  cwd: root,
  env: { ...process.env, PATH: [...paths, process.env.PATH].join(delimiter) },
});

async function must(command, args) {
  const status = await run(command, args, here(bin));
  if (status === 0) return;
  rmSync(lock, { recursive: true, force: true });
  process.exit(status);
}

function manifests() {
  const folders = ["packages", "examples"].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => join(group, name)),
  );
  const files = [".", "test", ...folders].map((folder) => join(root, folder, "package.json"));
  return ["pnpm-lock.yaml", "pnpm-workspace.yaml"].map((name) => join(root, name)).concat(files.filter(existsSync));
}

function fingerprint() {
  const hash = createHash("sha256").update(PNPM);
  for (const file of manifests()) hash.update(file.slice(root.length)).update(readFileSync(file));
  return hash.digest("hex");
}

function installed(wanted) {
  return existsSync(stamp) && readFileSync(stamp, "utf8") === wanted && existsSync(join(bin, "pnpm"));
}

// Two first runs in one checkout: the second waits for the first instead of installing over it. A lock older than ten
// minutes belongs to a run that was killed.
function takeLock(wanted) {
  for (let tries = 0; tries < 1200; tries += 1) {
    try {
      mkdirSync(lock);
      return;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (tries === 0) say("another run is installing here; waiting for it …");
    const held = statSync(lock, { throwIfNoEntry: false });
    if (held && Date.now() - held.mtimeMs > 600_000) rmSync(lock, { recursive: true, force: true });
    if (!held && installed(wanted)) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  }
  throw new Error(`${lock} did not go away; remove it if no other run is installing`);
}

async function install(wanted) {
  takeLock(wanted);
  if (installed(wanted)) {
    rmSync(lock, { recursive: true, force: true });
    return;
  }
  const since = Date.now();
  const manifest = join(home, "node_modules", "pnpm", "package.json");
  if (!existsSync(manifest) || JSON.parse(readFileSync(manifest, "utf8")).version !== PNPM) {
    say(`first run: getting pnpm ${PNPM} (1 of 2) …`);
    writeFileSync(join(home, "package.json"), '{ "private": true }\n'); // keeps npm out of the workspace's package.json
    const args = ["install", "--prefix", home, "--no-save", "--no-audit", "--no-fund", "--loglevel=error"];
    // The npm that called us, on its own Node: once installed, the workspace's Node comes first on PATH, and an npm
    // under that one would not read the machine's global npmrc (its CA file).
    if (npm.endsWith("npm-cli.js")) await must(node, [npm, ...args, `pnpm@${PNPM}`]);
    else await must("npm", [...args, `pnpm@${PNPM}`]);
  }
  say("installing the workspace and its own Node (2 of 2) …");
  await must(join(bin, "pnpm"), ["install", "--frozen-lockfile", "--reporter=append-only"]);
  writeFileSync(stamp, wanted);
  rmSync(lock, { recursive: true, force: true });
  say(`ready after ${seconds(since)}; the next run starts at once, offline too.`);
}

const wanted = fingerprint();
if (!installed(wanted)) await install(wanted);
const [command, ...args] = process.argv.slice(2);
process.exitCode = await run(command, args, here(bin, join(root, "node_modules", ".bin")));
