/** The command line of the program: what wrong use is told, and with which exit code. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../support/workspace.ts";

const MAIN = join(ROOT, "packages", "tracemend", "src", "main.ts");

function run(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
}

describe("the command line", () => {
  it.each([["--help"], ["-h"], ["help"], ["run", "--help"], ["evaluate", "--help"], []])(
    "helps with: %s %s",
    (...args) => {
      expect(run(...args)).toMatchObject({ code: 0, out: expect.stringContaining("tracemend run --config"), err: "" });
    },
  );

  it("prints the schema of the configuration", () => {
    const { code, out } = run("schema");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ properties: { cluster: { type: "string" } }, required: ["cluster"] });
  });

  it.each([
    [["--config", "a.yaml"], "tracemend: run or check is missing; see tracemend --help\n"],
    [["check", "--confg", "a"], "tracemend: Unknown option '--confg'; see tracemend --help\n"],
    [["run"], "tracemend run: --config <file> is missing\n"],
    [["start"], "tracemend: start is no command; see tracemend --help\n"],
    [["check", "--config", "no-such.yaml"], "no-such.yaml: cannot be read (ENOENT)\n"],
  ])("says what is wrong with %j in one line", (args, err) => {
    expect(run(...args)).toEqual({ code: 2, out: "", err });
  });
});
