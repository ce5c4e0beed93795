// Plain JavaScript for Node >= 20: one command, run to its end.
import { spawn } from "node:child_process";
import process from "node:process";

const LOOK_EVERY_MS = 250;

/**
 * Resolves to the command's exit status; rejects where it cannot be started. The command is asked to end when we are
 * asked to, and when whoever started us is gone: the shells that npm puts between itself and us pass no signal on.
 */
export function run(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", ...options });
    const starter = process.ppid;
    const end = () => child.kill("SIGTERM");
    const look = setInterval(() => process.ppid === starter || end(), LOOK_EVERY_MS);
    // Ctrl-C reaches the whole foreground group: the command ends by itself, and its exit status is ours.
    const signals = { SIGINT: () => {}, SIGTERM: end, SIGHUP: end };
    for (const [signal, listener] of Object.entries(signals)) process.on(signal, listener);
    const done = () => {
      clearInterval(look);
      for (const [signal, listener] of Object.entries(signals)) process.off(signal, listener);
    };
    child.once("error", (error) => {
      done();
      reject(error);
    });
    child.once("close", (status, signal) => {
      done();
      resolve(signal === "SIGINT" ? 130 : (status ?? 1));
    });
  });
}
