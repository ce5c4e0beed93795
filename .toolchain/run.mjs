// Plain JavaScript for Node >= 20: one command, run to its end.
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";

const LOOK_EVERY_MS = 250;

/**
 * Resolves to the command's exit status; rejects where it cannot be started. The command is asked to end when we are
 * asked to, and when whoever started us is gone: the shells that npm puts between itself and us pass no signal on.
 */
export async function run(command, args, options) {
  const child = spawn(command, args, { stdio: "inherit", ...options });
  const starter = process.ppid;
  const end = () => child.kill("SIGTERM");
  const look = setInterval(() => {
    if (process.ppid === starter) return;
    clearInterval(look);
    end();
  }, LOOK_EVERY_MS);
  // Ctrl-C reaches the whole foreground group: the command ends by itself, and its exit status is ours.
  const listeners = Object.entries({ SIGINT: () => {}, SIGTERM: end, SIGHUP: end });
  for (const [signal, listener] of listeners) process.on(signal, listener);
  try {
    const [status, signal] = await once(child, "close");
    return signal === "SIGINT" ? 130 : (status ?? 1);
  } finally {
    clearInterval(look);
    for (const [signal, listener] of listeners) process.off(signal, listener);
  }
}
