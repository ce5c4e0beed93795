/** Calls by undici and by `fetch`. Source: undici, docs/api/DiagnosticsChannel.md. */
import { isField } from "@tracemend/context";
import type { Outgoing } from "../carry.ts";
import type { Head } from "../head.ts";
import { placeOf } from "./place.ts";
import type { OnCall, UndiciRequest, Unwatch } from "./watch.ts";
import { watch } from "./watch.ts";

type HeaderList = (string | string[])[];

/** `fields` are those of which one line leaves, or none. */
export function watchUndiciCalls(onCall: OnCall, fields: readonly string[]): Unwatch {
  const isOurs = new Set(fields);

  // OpenTelemetry's instrumentation appends its fields to a request that may have them. When it subscribed before us,
  // both are there and are judged. When after us, its line takes the place of the one that is there.
  function addOnce(this: UndiciRequest, name: string, value: string): unknown {
    const lower = name.toLowerCase();
    if (isOurs.has(lower)) removeFrom(this.headers as HeaderList, lower);
    return (Object.getPrototypeOf(this) as UndiciRequest).addHeader.call(this, name, value);
  }

  function addOthers(this: UndiciRequest, name: string, value: string): unknown {
    if (isOurs.has(name.toLowerCase())) return this;
    return (Object.getPrototypeOf(this) as UndiciRequest).addHeader.call(this, name, value);
  }

  return watch("undici:request:create", ({ request }) => {
    if (!Array.isArray(request.headers)) return;
    request.addHeader = addOnce;
    onCall(outgoingOf(request), new UndiciHead(request, addOthers), request);
  });
}

function outgoingOf({ method, origin, path }: UndiciRequest): Outgoing {
  const place = placeOf(typeof origin === "string" ? origin : origin.origin);
  return { api: "undici", method, host: place?.host ?? "", port: place?.port, path };
}

class UndiciHead implements Head {
  readonly sealed = false;
  readonly #list: HeaderList;
  readonly #request: UndiciRequest;
  readonly #addOthers: UndiciRequest["addHeader"];

  constructor(request: UndiciRequest, addOthers: UndiciRequest["addHeader"]) {
    this.#list = request.headers as HeaderList;
    this.#request = request;
    this.#addOthers = addOthers;
  }

  values(name: string): readonly string[] {
    let values: string[] | undefined;
    for (let at = 0; at + 1 < this.#list.length; at += 2) {
      if (!isNamed(this.#list[at], name)) continue;
      const value = this.#list[at + 1] as string | string[];
      const more = typeof value === "string" ? [value] : value;
      values = values === undefined ? more : [...values, ...more];
    }
    return values ?? NONE;
  }

  set(name: string, value: string): void {
    removeFrom(this.#list, name);
    this.#list.push(name, value);
  }

  remove(name: string): void {
    removeFrom(this.#list, name);
  }

  watch(written: (traceparent: string) => void): void {
    const add = this.#request.addHeader;
    this.#request.addHeader = function addAndTell(name, value) {
      if (isField(name, "traceparent")) written(value);
      return add.call(this, name, value);
    };
  }

  refuse(): void {
    this.#request.addHeader = this.#addOthers;
  }
}

const NONE: readonly string[] = [];

function removeFrom(list: HeaderList, name: string): void {
  for (let at = list.length - 2; at >= 0; at -= 2) if (isNamed(list[at], name)) list.splice(at, 2);
}

function isNamed(field: string | string[] | undefined, name: string): boolean {
  return typeof field === "string" && isField(field, name);
}
