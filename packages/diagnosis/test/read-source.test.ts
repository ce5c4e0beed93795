import { encodeSpans, forEachSpan, mergeBatches } from "@tracemend/otlp";
import type { Batch } from "@tracemend/otlp";
import { describe, expect, it } from "vitest";
import { createBooks } from "../src/books.ts";
import type { Source } from "../src/read-source.ts";
import { createSourceReader } from "../src/read-source.ts";
import { noteArrival } from "../src/service.ts";
import { defineSettings } from "../src/settings.ts";

const NOW = 1_800_000_000_000;

function exportOf(resource: Readonly<Record<string, string>>): Batch {
  const ids = { traceId: "a".repeat(32), spanId: "b".repeat(16) };
  const span = { ...ids, name: "GET", kind: "server" as const, startMs: NOW, endMs: NOW, attributes: {} };
  return encodeSpans(resource, { name: "test", version: "1" }, [span]);
}

function createReader() {
  const books = createBooks(defineSettings({ now: () => NOW }), NOW);
  const read = createSourceReader(books);
  const sourcesOf = (batch: Batch): (Source | undefined)[] => {
    const sources: (Source | undefined)[] = [];
    forEachSpan(batch, (span) => sources.push(read(span)));
    return sources;
  };
  return {
    books,
    sourcesOf,
    sourceOf: (resource: Readonly<Record<string, string>>) => sourcesOf(exportOf(resource))[0],
  };
}

describe("who exported a span", () => {
  it("is the same for the same resource, and tells processes apart by the surest of their names", () => {
    const { books, sourceOf } = createReader();
    const pod = { "service.name": "shop", "k8s.pod.name": "shop-1", "service.version": "1.4" };
    const first = sourceOf(pod);
    expect(first?.service.name).toBe("shop");
    expect([...(first?.service.instances.keys() ?? [])]).toEqual(["shop-1"]);
    expect(books.sources.at(first?.instance.source ?? 0)).toEqual({ version: "1.4", pod: "shop-1" });
    expect(sourceOf(pod)).toBe(first);
    const second = sourceOf({ ...pod, "service.instance.id": "2", "host.name": "node" });
    expect(second?.service).toBe(first?.service);
    expect([...(first?.service.instances.keys() ?? [])]).toEqual(["shop-1", "2"]);
    expect(sourceOf(pod)).toBe(first);
  });

  it("is nobody without a name, however often", () => {
    const { sourceOf } = createReader();
    expect([sourceOf({ "host.name": "node" }), sourceOf({ "host.name": "node" })]).toEqual([undefined, undefined]);
    expect(sourceOf({ "service.name": "" })).toBeUndefined();
  });

  it("is opened anew once it was forgotten among too many", () => {
    const { sourceOf } = createReader();
    const pods = Array.from({ length: 100 }, (_, at) => ({ "service.name": "shop", "k8s.pod.name": `shop-${at}` }));
    for (let turn = 0; turn < 3; turn += 1) {
      for (const [at, pod] of pods.entries()) {
        const source = sourceOf(pod);
        expect(source?.service.instances.get(pod["k8s.pod.name"])).toBe(source?.instance);
        if (source !== undefined) noteArrival(source.service, source.instance, NOW, NOW + turn * 100 + at);
      }
    }
  });

  it("tells resources apart, known or new, whatever their order", () => {
    const { sourcesOf } = createReader();
    const names = ["a", "b", "a", "c", "b", "a"];
    const batch = mergeBatches(names.map((name) => exportOf({ "service.name": name })));
    expect(sourcesOf(batch).map((source) => source?.service.name)).toEqual(names);
  });

  it("is read as well of a resource too long to be remembered", () => {
    const { sourceOf } = createReader();
    const long = { "service.name": "shop", "process.command_args": "x".repeat(10_000) };
    const first = sourceOf(long);
    expect(first?.service.name).toBe("shop");
    expect(sourceOf(long)?.instance).toBe(first?.instance);
  });
});
