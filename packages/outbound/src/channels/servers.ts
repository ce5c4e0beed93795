/** Requests that node:http and node:http2 servers of the process begin to handle. */
import type { AsyncLocalStorage } from "node:async_hooks";
import type { IncomingMessage } from "node:http";
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { FieldLines } from "@tracemend/context";
import { arrivalOfMessage } from "@tracemend/context";
import { bindEmitter } from "../bind-emitter.ts";
import type { Handled, Handling } from "../handling.ts";
import type { Unwatch } from "./watch.ts";
import { watch } from "./watch.ts";

/** Both channels speak right before the server's own listeners run, in the same turn. */
export function watchServers(storage: AsyncLocalStorage<Handling>, begin: (request: Handled) => Handling): Unwatch {
  const unwatchHttp = watch("http.server.request.start", ({ request, response }) => {
    const handling = begin(handledOf(request));
    storage.enterWith(handling);
    bindEmitter(request, storage, handling);
    bindEmitter(response, storage, handling);
    response.once("close", () => handling.end());
  });
  const unwatchHttp2 = watch("http2.server.stream.created", ({ stream, headers }) => {
    const handling = begin(handledBy(stream, headers));
    storage.enterWith(handling);
    bindEmitter(stream, storage, handling);
    stream.once("close", () => handling.end());
  });
  return () => {
    unwatchHttp();
    unwatchHttp2();
  };
}

function handledOf(request: IncomingMessage): Handled {
  return {
    lines: request.rawHeaders,
    get arrival() {
      return arrivalOfMessage(request.rawHeaders, request.socket);
    },
    method: request.method ?? "GET",
    path: request.url ?? "/",
    route: () => patternOf(request),
  };
}

/** What Express leaves on the request it routed. */
function patternOf(request: IncomingMessage): string | undefined {
  const { route, baseUrl } = request as { readonly route?: { readonly path?: unknown }; readonly baseUrl?: unknown };
  return typeof route?.path === "string" ? `${typeof baseUrl === "string" ? baseUrl : ""}${route.path}` : undefined;
}

const NO_LINES: FieldLines = [];

/** HTTP/2 publishes folded fields; a comma that joins two `traceparent` lines is told apart when they are read. */
function handledBy(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Handled {
  const { ":method": method = "GET", ":path": path = "/" } = headers;
  return {
    get lines() {
      return Object.entries(headers).flatMap(([name, value]) => [name, String(value)]);
    },
    get arrival() {
      return arrivalOfMessage(NO_LINES, stream.session?.socket);
    },
    method,
    path,
  };
}
