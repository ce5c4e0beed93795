/** Where installed peers are, and how a test or benchmark finds one. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import type { PeerProgram } from "./peers.ts";
import { PEERS } from "./peers.ts";

/** `TRACEMEND_PEERS`, else a folder of the user's cache; never inside the checkout. */
export const CACHE: string =
  process.env["TRACEMEND_PEERS"] ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "tracemend-peers");

/** The program from the cache, else from PATH; undefined where it is in neither. */
export function findPeer(name: string): string | undefined {
  const peer = PEERS.find((one) => one.name === name);
  const cached = peer === undefined ? undefined : join(CACHE, name, peer.binary);
  if (cached !== undefined && existsSync(cached)) return cached;
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** The line in which a program says its version; undefined where it does not run. */
export function versionOf(peer: PeerProgram, binary: string): string | undefined {
  // wrk prints its version and ends with 1.
  const done = spawnSync(binary, peer.versionArguments, {
    encoding: "utf8",
    timeout: 20_000,
    env: { ...process.env, LD_LIBRARY_PATH: librariesOf(peer.name) },
  });
  const { versionLine = /\d+\.\d+/ } = peer;
  return `${done.stdout}${done.stderr}`
    .split("\n")
    .find((line) => versionLine.test(line))
    ?.trim();
}

/** Libraries that came with a Debian peer: pass it as `LD_LIBRARY_PATH`. */
export function librariesOf(name: string): string {
  const root = join(CACHE, name, "usr", "lib");
  const folders = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map((folder) => join(root, folder));
  // Chromium needs a library of PulseAudio's that is kept apart.
  return [root, ...folders, ...folders.map((folder) => join(folder, "pulseaudio"))].join(delimiter);
}
