/** A real browser, where one is installed. */
import { existsSync } from "node:fs";
import type { Browser } from "playwright-core";
import { chromium } from "playwright-core";

// Debian's /usr/bin/chromium is a shell script that needs more than coreutils; the program behind it does not.
const BROWSERS = ["/usr/lib/chromium/chromium", "/usr/bin/chromium", "/usr/bin/google-chrome"];
const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"];

/** A browser that runs here; undefined, and a line that says why, where there is none. */
export async function launchBrowser(): Promise<Browser | undefined> {
  const executablePath = BROWSERS.find((path) => existsSync(path));
  if (executablePath === undefined) return skip(`there is no browser at ${BROWSERS.join(", ")}`);
  return chromium
    .launch({ executablePath, args: [...ARGUMENTS, "--disable-component-update"] })
    .catch((error: unknown) => skip(`${executablePath} does not run: ${String(error).split("\n", 1)[0]}`));
}

function skip(reason: string): undefined {
  process.stderr.write(`skipped: ${reason}\n`);
}
