/** What a test opens is closed when it ends: what was opened last goes first. */
import { onTestFinished } from "vitest";

export function closeAtEnd(close: () => unknown): void {
  onTestFinished(async () => {
    await close();
  });
}
