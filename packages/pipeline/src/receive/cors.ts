/** Lets pages of other origins send: what browsers ask before they do (Fetch Standard, CORS protocol). */
import type { IncomingMessage } from "node:http";

export interface CorsOptions {
  /** Origins of pages: `https://shop.example`, with `*` for any text in one: `https://*.shop.example`. */
  readonly allowedOrigins: readonly string[];
  /** Header fields that pages may set beside `content-type` and `content-encoding`. Default none. */
  readonly allowedHeaders?: readonly string[];
  /** How long browsers may remember an answer, in seconds. Default 7 200: Chromium keeps none longer. */
  readonly maxAgeS?: number;
}

export interface Cors {
  /** What an answer to this request says: that it depends on the origin, and whether a page of that may see it. */
  headersFor(request: IncomingMessage): Readonly<Record<string, string>>;
  /** What the answer to a question before a request says; undefined where this is none, or its origin is not allowed. */
  preflight(request: IncomingMessage): Readonly<Record<string, string>> | undefined;
}

/** Of OTLP itself. */
const HEADERS: readonly string[] = ["content-type", "content-encoding"];

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** A scheme and a host, with a port or without, as browsers send them; `*` stands for anything but a slash. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+$/;

export function isOriginPattern(text: string): boolean {
  return ORIGIN.test(text);
}

function expressionOf(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^/]*")}$`);
}

/** Throws a TypeError that names the option and its value. */
export function defineCors({ allowedOrigins, allowedHeaders = [], maxAgeS = 7_200 }: CorsOptions): Cors {
  for (const origin of allowedOrigins) {
    if (!isOriginPattern(origin)) {
      throw new TypeError(
        `receiver option cors.allowedOrigins must have origins as https://shop.example, without a path, not ${origin}`,
      );
    }
  }
  for (const name of allowedHeaders) {
    if (!TOKEN.test(name))
      throw new TypeError(`receiver option cors.allowedHeaders must have names of header fields, not ${name}`);
  }
  if (!Number.isSafeInteger(maxAgeS) || maxAgeS < 0)
    throw new TypeError(`receiver option cors.maxAgeS must be a whole number of seconds, not ${String(maxAgeS)}`);
  const patterns = allowedOrigins.map(expressionOf);
  const asked = {
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": [...HEADERS, ...allowedHeaders].join(", "),
    "access-control-max-age": String(maxAgeS),
  };
  const headersFor: Cors["headersFor"] = ({ headers: { origin } }) => {
    if (origin === undefined || !patterns.some((pattern) => pattern.test(origin))) return { vary: "origin" };
    // `sendBeacon` sends with credentials, and a browser keeps its answer from a page where this is missing.
    return {
      vary: "origin",
      "access-control-allow-origin": origin,
      "access-control-allow-credentials": "true",
      "access-control-expose-headers": "retry-after",
    };
  };
  return {
    headersFor,
    preflight(request) {
      if (request.method !== "OPTIONS" || request.headers["access-control-request-method"] === undefined)
        return undefined;
      const headers = headersFor(request);
      return headers["access-control-allow-origin"] === undefined ? undefined : { ...headers, ...asked };
    },
  };
}
