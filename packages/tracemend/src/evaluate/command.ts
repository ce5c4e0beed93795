/** `tracemend evaluate`: arguments, progress, tables or JSON, exit codes. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { NothingToTry, evaluate } from "./evaluate.ts";
import type { Scale, Selection } from "./plan.ts";
import { RecordingError } from "./recording.ts";
import { renderEvaluation } from "./render.ts";

export const EVALUATE_HELP = `  tracemend evaluate <folder>               try the diagnosis on recorded traces: Jaeger, Zipkin, OTLP, CSV
    --edge <part of a name> --class <code or part of a name>… --in-flight <requests>… --seed <number>
    --quick | --full --threads <number> --json`;

export interface Streams {
  readonly out: (text: string) => void;
  /** Progress and complaints. */
  readonly err: (text: string) => void;
}

const MOST_IN_FLIGHT = 1_000;

/** Each holds the recordings once more. */
const MOST_THREADS = 64;

/** Returns the exit code: 0, or 2 for wrong arguments and for recordings that cannot be read. */
export async function evaluateCommand(args: readonly string[], { out, err }: Streams): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      edge: { type: "string" },
      class: { type: "string", multiple: true },
      "in-flight": { type: "string", multiple: true },
      seed: { type: "string" },
      quick: { type: "boolean" },
      full: { type: "boolean" },
      threads: { type: "string" },
      json: { type: "boolean" },
    },
  });
  const [folder, ...rest] = positionals;
  if (folder === undefined || rest.length > 0) {
    err("tracemend evaluate: one folder of recordings is wanted");
    return 2;
  }
  const seed = Number(values.seed ?? "1");
  if (!Number.isSafeInteger(seed) || seed < 0) {
    err(`tracemend evaluate: --seed is ${values.seed}; it must be a whole number from 0 on`);
    return 2;
  }
  const threads = Number(values.threads ?? Math.min(MOST_THREADS, availableParallelism()));
  if (!Number.isInteger(threads) || threads < 1 || threads > MOST_THREADS) {
    err(`tracemend evaluate: --threads is ${values.threads}; it must be a whole number from 1 to ${MOST_THREADS}`);
    return 2;
  }
  const inFlight = (values["in-flight"] ?? []).map(Number);
  if (!inFlight.every((requests) => requests > 0 && requests <= MOST_IN_FLIGHT)) {
    err(
      `tracemend evaluate: --in-flight is ${values["in-flight"]?.join(", ")}; it must be above 0, up to ${MOST_IN_FLIGHT}`,
    );
    return 2;
  }
  if (values.quick === true && values.full === true) {
    err("tracemend evaluate: --quick and --full exclude each other");
    return 2;
  }
  const scale: Scale = values.quick === true ? "quick" : values.full === true ? "full" : "normal";
  const selection: Selection = { scale, seed, edge: values.edge, breakClasses: values.class ?? [], inFlight };
  try {
    const evaluation = await evaluate(folder, selection, threads, err);
    out(values.json === true ? JSON.stringify(evaluation, undefined, 2) : renderEvaluation(evaluation));
    return 0;
  } catch (error) {
    if (!(error instanceof RecordingError || error instanceof NothingToTry || isFileError(error))) throw error;
    err(`tracemend evaluate: ${error.message}`);
    return 2;
  }
}

function isFileError(error: unknown): error is Error {
  return error instanceof Error && "syscall" in error;
}
