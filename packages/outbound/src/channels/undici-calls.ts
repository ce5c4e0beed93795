/** Calls by undici and by `fetch`. Source: undici, docs/api/DiagnosticsChannel.md. */
import type { Outgoing } from "../carry.ts";
import type { Head } from "../head.ts";
import type { OnCall, UndiciRequest, Unwatch } from "./watch.ts";
import { watch } from "./watch.ts";

type HeaderList = (string | string[])[];

export function watchUndiciCalls(onCall: OnCall): Unwatch {
  return watch("undici:request:create", ({ request }) => {
    if (!Array.isArray(request.headers)) return;
    const head = headOf(request.headers as HeaderList);
    request.addHeader = addOnce;
    onCall(outgoingOf(request), head);
  });
}

function outgoingOf({ method, origin, path }: UndiciRequest): Outgoing {
  const { hostname, port, protocol } = typeof origin === "string" ? new URL(origin) : origin;
  return { api: "undici", method, host: hostname, port: portOf(port, protocol), path };
}

function portOf(port: string, protocol: string): number {
  if (port !== "") return Number(port);
  return protocol === "https:" ? 443 : 80;
}

const ONCE = new Set(["traceparent", "tracestate", "baggage"]);

/**
 * OpenTelemetry's instrumentation appends its fields to a request that may have them. When it subscribed after us, this
 * makes its line take the place of the one that is there; when before, both are there already and are judged.
 */
function addOnce(this: UndiciRequest, name: string, value: string): unknown {
  const lower = name.toLowerCase();
  if (ONCE.has(lower)) removeFrom(this.headers as HeaderList, lower);
  return (Object.getPrototypeOf(this) as UndiciRequest).addHeader.call(this, name, value);
}

function headOf(list: HeaderList): Head {
  return {
    sealed: false,
    values: (name) => valuesIn(list, name),
    set: (name, value) => {
      removeFrom(list, name);
      list.push(name, value);
    },
    remove: (name) => removeFrom(list, name),
  };
}

function valuesIn(list: HeaderList, name: string): readonly string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < list.length; at += 2) {
    if (isNamed(list[at], name)) values.push(...[list[at + 1] as string | string[]].flat());
  }
  return values;
}

function removeFrom(list: HeaderList, name: string): void {
  for (let at = list.length - 2; at >= 0; at -= 2) if (isNamed(list[at], name)) list.splice(at, 2);
}

function isNamed(field: string | string[] | undefined, name: string): boolean {
  return typeof field === "string" && field.length === name.length && field.toLowerCase() === name;
}
