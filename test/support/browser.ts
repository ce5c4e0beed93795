/** A real browser, where one is installed. */
import { existsSync } from "node:fs";
import process from "node:process";
import type { Browser } from "playwright-core";
import { chromium } from "playwright-core";
import { findPeer, librariesOf } from "../peers/cache.ts";

const INSTALLED = ["/usr/lib/chromium/chromium", "/usr/bin/google-chrome"];
const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"];

/** A browser that runs here; undefined, and a line that says why, where there is none. */
export async function launchBrowser(): Promise<Browser | undefined> {
  const executablePath = INSTALLED.find((path) => existsSync(path)) ?? findPeer("chromium");
  if (executablePath === undefined) return skip("there is no browser (node test/peers/install.ts chromium)");
  const env = { ...process.env, LD_LIBRARY_PATH: librariesOf("chromium") };
  return chromium
    .launch({ executablePath, env, args: [...ARGUMENTS, "--disable-component-update"] })
    .catch((error: unknown) => skip(`${executablePath} does not run: ${String(error).split("\n", 1)[0]}`));
}

function skip(reason: string): undefined {
  process.stderr.write(`skipped: ${reason}\n`);
}
