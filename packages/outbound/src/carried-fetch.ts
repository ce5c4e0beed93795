/** `fetch` of a runtime that tells no channel of it: Bun, Deno, workers. */
import type { Outgoing } from "./carry.ts";
import { placeIn } from "./channels/place.ts";
import type { Head } from "./head.ts";

export type Fetch = typeof globalThis.fetch;

/** Told of a call before it leaves; what it returns is told of the answer's headers. */
export type OnFetch = (outgoing: Outgoing, head: Head) => (answer: Headers) => void;

/** Node's own is undici, whose channel sees it: there is nothing to do. Workers have Node's `process.versions` as well. */
export const HAS_CHANNEL: boolean =
  globalThis.process?.versions?.["undici"] !== undefined &&
  (globalThis.navigator?.userAgent ?? "Node.js").startsWith("Node.js");

/** Calls `send` as it was called itself, but for the headers. */
export function carriedFetch(onFetch: OnFetch, send: Fetch = globalThis.fetch): Fetch {
  return async function tracemendFetch(input, init) {
    const request = input instanceof Request ? input : undefined;
    const headers = new Headers(init?.headers ?? request?.headers);
    const method = init?.method ?? request?.method ?? "GET";
    const onAnswer = onFetch(outgoingOf(urlOf(input), method), new HeadersHead(headers));
    const answer = await send(input, { ...init, headers });
    onAnswer(answer.headers);
    return answer;
  };
}

function urlOf(input: string | URL | Request): string {
  if (typeof input === "string") return input;
  return input instanceof URL ? input.href : input.url;
}

function outgoingOf(url: string, method: string): Outgoing {
  const parsed = URL.parse(url);
  // The call will fail by itself.
  if (parsed === null) return { api: "fetch", method, host: "", port: undefined, path: url };
  return { api: "fetch", method, ...placeIn(parsed), path: `${parsed.pathname}${parsed.search}` };
}

class HeadersHead implements Head {
  readonly sealed = false;
  readonly #headers: Headers;

  constructor(headers: Headers) {
    this.#headers = headers;
  }

  /** `Headers` has joined what was appended; no `traceparent` holds a comma of its own. */
  values(name: string): readonly string[] {
    const value = this.#headers.get(name);
    if (value === null) return [];
    return name === "traceparent" ? value.split(",").map((one) => one.trim()) : [value];
  }

  set(name: string, value: string): void {
    this.#headers.set(name, value);
  }

  remove(name: string): void {
    this.#headers.delete(name);
  }
}
