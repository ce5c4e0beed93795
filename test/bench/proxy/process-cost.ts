/** What a process and its children have cost so far, from /proc: CPU time and memory. */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { findPeer } from "../../peers/cache.ts";

const TICK_MICROS = 1e6 / Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** The process and every one below it that runs now. */
function treeOf(pid: number): readonly number[] {
  const found = [pid];
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const children = readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8");
    for (const child of children.split(" ")) if (child !== "") found.push(...treeOf(Number(child)));
  }
  return found;
}

/** User and system time of all threads, of children that run and of those that have ended. */
export function cpuMicrosOf(pid: number): number {
  let ticks = 0;
  for (const one of treeOf(pid)) {
    const stat = readFileSync(`/proc/${one}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // proc(5): fields 14 to 17, the first two counted away with the name.
    for (const field of fields.slice(11, 15)) ticks += Number(field);
  }
  return ticks * TICK_MICROS;
}

/** Resident memory that no other process shares, so that the text of a program and its workers counts once at most. */
export function memoryBytesOf(pid: number): number {
  let kib = 0;
  for (const one of treeOf(pid)) {
    const rollup = readFileSync(`/proc/${one}/smaps_rollup`, "utf8");
    for (const [, amount] of rollup.matchAll(/^Private_\w+: +(\d+) kB$/gm)) kib += Number(amount);
  }
  return kib * 1024;
}

/** The process under test has a core of its own; load, origin and sink share the other. */
export function pinTo(core: number, pid: number): void {
  if (findPeer("taskset") === undefined) return;
  for (const one of treeOf(pid)) spawnSync("taskset", ["-a", "-p", "-c", String(core), String(one)]);
}
