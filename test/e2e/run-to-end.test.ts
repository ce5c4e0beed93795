import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, expect, it } from "vitest";
import { ROOT } from "../support/workspace.ts";

const RUN = pathToFileURL(join(ROOT, ".toolchain", "run.mjs")).href;

/** Says its pid, and says so when it is asked to end. */
const COMMAND = `
  process.once("SIGTERM", () => { console.log("asked to end"); clearInterval(busy); });
  const busy = setInterval(() => {}, 1000);
  console.log(process.pid);
`;

/** `node` that runs the command, below a shell as npm starts it: one that waits and passes no signal on. */
const RUNNER = `
  import { run } from ${JSON.stringify(RUN)};
  process.exitCode = await run(process.execPath, ["-e", ${JSON.stringify(COMMAND)}]);
`;

const started: number[] = [];

afterEach(() => {
  for (const pid of started.splice(0)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended, as it should.
    }
  }
});

it("ends a command whose starter was ended, though the shell in between says nothing", async () => {
  const shell = spawn("sh", ["-c", `"$0" --input-type=module -e "$1"; exit $?`, process.execPath, RUNNER], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const output: string[] = [];
  shell.stdout.setEncoding("utf8").on("data", (text: string) => output.push(text));
  await once(shell.stdout, "data");
  started.push(Number(output[0]));
  shell.kill("SIGTERM");
  // The pipe is closed when the last process that holds it has ended.
  await once(shell.stdout, "end");
  expect(output.join("")).toMatch(/^\d+\nasked to end\n$/);
});

it("gives the command's exit status", async () => {
  const runner = RUNNER.replace(JSON.stringify(COMMAND), JSON.stringify("process.exit(7)"));
  const child = spawn(process.execPath, ["--input-type=module", "-e", runner], { stdio: "inherit" });
  expect(await once(child, "close")).toEqual([7, null]);
});
