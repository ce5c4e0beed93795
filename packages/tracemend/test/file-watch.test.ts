import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FakeClock } from "../../../test/support/clock.ts";
import { createFakeClock } from "../../../test/support/clock.ts";
import type { FileWatch } from "../src/file-watch.ts";
import { createFileWatch } from "../src/file-watch.ts";

let folder: string;
let clock: FakeClock;
let watch: FileWatch | undefined;
let failures: Error[];
/** What the file held each time that a change was told. */
let read: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tracemend-watch-"));
  clock = createFakeClock();
  failures = [];
  read = [];
});
afterEach(() => {
  watch?.close();
  rmSync(folder, { recursive: true, force: true });
});

const SETTLE_MS = 500;
const POLL_MS = 30_000;

function start(file: string, mode: "events" | "poll" | "off" = "events"): void {
  watch = createFileWatch({
    mode,
    settleMs: SETTLE_MS,
    pollMs: POLL_MS,
    clock,
    changed: () => read.push(readOr(file)),
    failed: (error) => failures.push(error),
  });
  watch.follow([file]);
  // What changed while they were read for the first time.
  clock.advance(SETTLE_MS);
  read.length = 0;
}

function readOr(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "gone";
  }
}

/** Lets time pass, as often as something is told, until the file was read with this text. */
async function until(text: string): Promise<void> {
  while (read.at(-1) !== text) {
    await clock.whenDueIn(SETTLE_MS);
    clock.advance(SETTLE_MS);
  }
}

describe("a file that is watched", () => {
  it("is read again where it is written in place, and where another is renamed over it", async () => {
    const file = join(folder, "cert.pem");
    writeFileSync(file, "1");
    start(file);
    writeFileSync(file, "2");
    await until("2");
    writeFileSync(`${file}.new`, "3");
    renameSync(`${file}.new`, file);
    await until("3");
    rmSync(file);
    await until("gone");
    writeFileSync(file, "4");
    await until("4");
    expect(failures).toEqual([]);
  });

  it("is read again where a folder of links is switched over, as Kubernetes does with a secret", async () => {
    const version = (name: string): void => {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "tls.crt"), name);
      symlinkSync(name, join(folder, "..data_tmp"));
      renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    };
    version("..1");
    symlinkSync("..data/tls.crt", join(folder, "tls.crt"));
    start(join(folder, "tls.crt"));
    for (const name of ["..2", "..3"]) {
      version(name);
      await until(name);
      rmSync(join(folder, name === "..2" ? "..1" : "..2"), { recursive: true });
    }
    expect(failures).toEqual([]);
  });

  it("is read again where a folder above it is a link that is switched over", async () => {
    for (const name of ["1", "2", "3"]) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "cert.pem"), name);
    }
    const point = (name: string): void => {
      symlinkSync(name, join(folder, "next"));
      renameSync(join(folder, "next"), join(folder, "current"));
    };
    point("1");
    start(join(folder, "current", "cert.pem"));
    point("2");
    await until("2");
    point("3");
    await until("3");
    writeFileSync(join(folder, "3", "cert.pem"), "in place");
    await until("in place");
    expect(failures).toEqual([]);
  });

  it("is read again where its folder goes and comes back", async () => {
    const inner = join(folder, "tls");
    const file = join(inner, "cert.pem");
    mkdirSync(inner);
    writeFileSync(file, "1");
    start(file);
    rmSync(inner, { recursive: true });
    await until("gone");
    mkdirSync(inner);
    writeFileSync(file, "2");
    await until("2");
    writeFileSync(file, "3");
    await until("3");
    expect(failures).toEqual([]);
  });

  it("is told once for what changes at once", async () => {
    const file = join(folder, "cert.pem");
    writeFileSync(file, "0");
    start(file);
    for (let count = 1; count <= 20; count += 1) writeFileSync(file, String(count));
    await clock.whenDueIn(SETTLE_MS);
    expect(clock.pending).toBe(1);
    clock.advance(SETTLE_MS);
    expect(read).toEqual(["20"]);
  });

  it("is read again every so often where it is polled, and never where that is off", () => {
    const file = join(folder, "cert.pem");
    writeFileSync(file, "1");
    start(file, "poll");
    expect(clock.pending).toBe(1);
    writeFileSync(file, "2");
    clock.advance(POLL_MS);
    expect(read).toEqual(["2"]);
    clock.advance(POLL_MS);
    expect(read).toHaveLength(2);
    watch?.close();
    expect(clock.pending).toBe(0);
    start(file, "off");
    expect(clock.pending).toBe(0);
  });

  it("is no longer watched after the end", () => {
    const file = join(folder, "cert.pem");
    writeFileSync(file, "1");
    start(file);
    watch?.follow([file, join(folder, "1", "other.pem")]);
    watch?.close();
    expect(clock.pending).toBe(0);
  });
});
