/** A last look at an answer's header fields, after the app has set its own. */
import type { ServerResponse } from "node:http";

/**
 * Runs once, when the head is about to leave: earlier, an error handler that clears the fields would take ours along.
 * Node writes an implicit head through the same method.
 */
export function beforeHead(response: ServerResponse, run: () => void): void {
  const writeHead = response.writeHead.bind(response) as (...head: unknown[]) => ServerResponse;
  response.writeHead = function tracemendWriteHead(...head: unknown[]): ServerResponse {
    response.writeHead = writeHead;
    try {
      if (!response.headersSent) run();
    } catch {
      // The answer goes out, whatever another middleware has made of its fields.
    }
    return writeHead(...head);
  };
}

/** The field as one list; undefined where the app has not set it. */
export function listOf(response: ServerResponse, name: string): string | undefined {
  const value = response.getHeader(name);
  return value === undefined ? undefined : [value].flat().join(", ");
}
