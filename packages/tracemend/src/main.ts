#!/usr/bin/env node
/** The command line: arguments, exit codes, signals. */
import { parseArgs } from "node:util";
import { ConfigError } from "./config-file.ts";
import { configJsonSchema, loadConfig } from "./config.ts";
import { EVALUATE_HELP, evaluateCommand } from "./evaluate/command.ts";
import type { Logger } from "./log.ts";
import { createLog } from "./log.ts";
import { checkFiles } from "./options.ts";
import { standardOutput } from "./output.ts";
import type { Program } from "./program.ts";
import { createProgram } from "./program.ts";
import { VERSION } from "./version.ts";

const HELP = `tracemend ${VERSION}: keeps traces in one piece across gateways, clusters and regions

  tracemend run --config tracemend.yaml     start; SIGHUP reads the file again, SIGTERM or Ctrl-C drains and ends
  tracemend check --config tracemend.yaml   read the configuration and its certificates, say what is wrong, and end
  tracemend schema                          print the JSON Schema of the configuration, for editors
${EVALUATE_HELP}
  tracemend --help | --version

Exit codes: 0 ended well, 1 could not start, 2 wrong arguments or configuration.`;

async function main(): Promise<number> {
  const [first, ...others] = process.argv.slice(2);
  if (first === "help") return say(HELP);
  if (first === "evaluate" && others.some((one) => one === "--help" || one === "-h")) return say(HELP);
  if (first === "evaluate") return await evaluateCommand(others, { out: console.log, err: console.error });
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      config: { type: "string" },
      help: { type: "boolean", short: "h" },
      version: { type: "boolean", short: "v" },
    },
  });
  if (values.version === true) return say(VERSION);
  if (values.help === true || first === undefined) return say(HELP);
  if (positionals.length === 0) return complain("tracemend: run or check is missing; see tracemend --help");
  const [command, ...rest] = positionals;
  if (command === "schema" && rest.length === 0) return say(JSON.stringify(configJsonSchema(), undefined, 2));
  if ((command !== "run" && command !== "check") || rest.length > 0) {
    return complain(`tracemend: ${positionals.join(" ")} is no command; see tracemend --help`);
  }
  if (values.config === undefined) return complain(`tracemend ${command}: --config <file> is missing`);
  const config = loadConfig(values.config, process.env);
  if (command === "check") {
    checkFiles(config);
    return say(`${values.config}: ok`);
  }
  const log = createLog(config.log.level);
  // Unheard, this signal ends a process: also one that starts, or drains.
  let hangUp = (): void => log.warn("not reloaded: not ready");
  process.on("SIGHUP", () => hangUp());
  const program = await createProgram(config, log);
  hangUp = reloading(values.config, program, log);
  const signal = await ended();
  hangUp = () => log.warn("not reloaded: draining");
  log.info({ signal }, "draining");
  await program.close();
  log.info("ended");
  // What a reader has stopped to read would keep the process.
  if (!(await standardOutput().flushed(LAST_LINES_MS))) process.exit(0);
  return 0;
}

const LAST_LINES_MS = 1_000;

/** One at a time, the last one wins; a file that cannot be is told in the log, and the old one goes on. */
function reloading(file: string, program: Program, log: Logger): () => void {
  let before: Promise<void> = Promise.resolve();
  return () => {
    before = before
      .then(() => program.reload(loadConfig(file, process.env)))
      .catch((error: unknown) =>
        log.error({ error: error instanceof Error ? error.message : String(error) }, "not reloaded"),
      );
  };
}

function ended(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve(signal));
  });
}

function say(text: string): number {
  console.log(text);
  return 0;
}

function complain(text: string): number {
  console.error(text);
  return 2;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof ConfigError) process.exitCode = complain(error.message);
  else if (error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS")) {
    // After the first sentence parseArgs tells how to pass a file whose name begins with a dash.
    process.exitCode = complain(`tracemend: ${error.message.split(". ", 1)[0]}; see tracemend --help`);
  } else {
    console.error(`tracemend: cannot start: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
