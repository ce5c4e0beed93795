/** Calls by node:http and node:https. */
import type { ClientRequest } from "node:http";
import { isField } from "@tracemend/context";
import type { Outgoing } from "../carry.ts";
import type { Head } from "../head.ts";
import { placeOf } from "./place.ts";
import type { OnCall, Unwatch } from "./watch.ts";
import { watch } from "./watch.ts";

export function watchHttpCalls(onCall: OnCall): Unwatch {
  return watch("http.client.request.created", ({ request }) =>
    onCall(outgoingOf(request), request.headersSent ? sealedHead(request) : headOf(request), request),
  );
}

function outgoingOf(request: ClientRequest): Outgoing {
  const { method, path, protocol, host } = request;
  // A request to a forward proxy names its target in the path (RFC 9112, section 3.2.2).
  const absolute = path.startsWith("/") ? null : URL.parse(path);
  if (absolute !== null && absolute.host !== "") {
    const place = placeOf(`${absolute.protocol}//${absolute.host}`);
    return { api: "http", method, host: absolute.hostname, port: place?.port, path: absolute.pathname };
  }
  return { api: "http", method, host, port: portBeside(request, host, protocol), path };
}

/** A request keeps its host but not its port: that stands in the `Host` field, where that names the same host. */
function portBeside(request: ClientRequest, host: string, protocol: string): number | undefined {
  const field = request.getHeader("host");
  const place = typeof field === "string" ? placeOf(`${protocol}//${field}`) : undefined;
  const lower = host.toLowerCase();
  return place?.host === lower || place?.host === `[${lower}]` ? place.port : undefined;
}

function headOf(request: ClientRequest): Head {
  return {
    sealed: false,
    values: (name) => listOf(request.getHeader(name)),
    set: (name, value) => void request.setHeader(name, value),
    remove: (name) => request.removeHeader(name),
    watch(written) {
      const set = request.setHeader.bind(request);
      request.setHeader = (name, value) => {
        if (isField(name, "traceparent")) written(String(value));
        return set(name, value);
      };
    },
  };
}

function listOf(value: number | string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === "object" ? value : [String(value)];
}

/** Headers given as a list, or with `Expect`, are text before anyone is told of the request. */
function sealedHead(request: ClientRequest): Head {
  const { _header: text } = request as ClientRequest & { readonly _header?: unknown };
  const lines = typeof text === "string" ? text.split("\r\n") : [];
  const values = (name: string): readonly string[] =>
    lines
      .filter((line) => line.slice(0, name.length + 1).toLowerCase() === `${name}:`)
      .map((line) => line.slice(name.length + 1).trim());
  return { sealed: true, values, set: () => {}, remove: () => {} };
}
