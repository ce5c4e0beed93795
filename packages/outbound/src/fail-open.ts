/** Telemetry trouble fails no request and no call: whatever goes wrong here, what it happened on goes on as it is. */
export function failOpen(run: () => void): void {
  try {
    run();
  } catch {
    // A diagnostics channel would turn what a subscriber throws into the end of the process.
  }
}
