/** One OTLP request over HTTP, and what its answer means. Source: OpenTelemetry protocol, OTLP/HTTP Response. */
import type { Settings } from "./options.ts";

export type Outcome =
  | { readonly kind: "accepted"; readonly rejected: number; readonly message: string }
  | { readonly kind: "later"; readonly message: string; readonly afterMs: number }
  | { readonly kind: "refused"; readonly message: string };

const MAX_ANSWER_BYTES = 65_536;
const MAX_WAIT_S = 60;
const RETRYABLE = new Set([429, 502, 503, 504]);

/** Never rejects. */
export async function post(settings: Settings, body: string): Promise<Outcome> {
  const { endpoint, headers, timeoutMs } = settings;
  try {
    const response = await settings.fetch(endpoint, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await textOf(response);
    if (response.ok) return partial(text);
    const message = `${endpoint} answered ${response.status}`;
    if (!RETRYABLE.has(response.status)) return { kind: "refused", message };
    return { kind: "later", message, afterMs: retryAfterMs(response) };
  } catch (error) {
    return { kind: "later", message: `${endpoint} cannot be reached: ${reasonOf(error)}`, afterMs: 0 };
  }
}

/** Read to its end, so that the connection can be used again; what is longer than any answer of OTLP is given up. */
async function textOf({ body }: Response): Promise<string> {
  if (body === null) return "";
  const reader = body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    bytes += part.value.length;
    if (bytes > MAX_ANSWER_BYTES) {
      await reader.cancel();
      return "";
    }
    text += decoder.decode(part.value, { stream: true });
  }
  return text;
}

function partial(text: string): Outcome {
  const { partialSuccess } = objectIn(text) as {
    readonly partialSuccess?: { readonly rejectedLogRecords?: unknown; readonly errorMessage?: unknown } | null;
  };
  const rejected = Number(partialSuccess?.rejectedLogRecords ?? 0);
  const message = partialSuccess?.errorMessage;
  return {
    kind: "accepted",
    rejected: Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0,
    message: typeof message === "string" ? message : "",
  };
}

function objectIn(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function retryAfterMs({ headers }: Response): number {
  const seconds = Number(headers.get("retry-after") ?? 0);
  return seconds > 0 ? 1000 * Math.min(seconds, MAX_WAIT_S) : 0;
}

/** `fetch` hides why a connection failed behind "fetch failed". */
function reasonOf(error: unknown): string {
  const { cause, message } = error as { readonly cause?: { readonly message?: unknown }; readonly message?: unknown };
  return String(cause?.message ?? message);
}
