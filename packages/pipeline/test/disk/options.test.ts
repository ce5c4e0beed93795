import { describe, expect, test } from "vitest";
import { defineDestination } from "../../src/destination.ts";
import type { DestinationOptions } from "../../src/destination.ts";
import type { StorageOptions } from "../../src/disk/options.ts";

function define(storage: StorageOptions): ReturnType<typeof defineDestination> {
  const options: DestinationOptions = { name: "eu", endpoint: "http://a:4317", protocol: "grpc", queue: { storage } };
  return defineDestination(options);
}

describe("a queue on disk", () => {
  test("has defaults for everything but the folder, and never gives up", () => {
    const { queue, retry } = define({ folder: "/var/lib/tracemend/eu" });
    expect(queue.storage).toEqual({
      folder: "/var/lib/tracemend/eu",
      fsync: { intervalMs: 500 },
      maxBytes: 1_073_741_824,
      segmentBytes: 16_777_216,
    });
    expect(retry.maxElapsedTimeMs).toBe(0);
  });

  test.for<[string, StorageOptions]>([
    ["queue.storage.folder must be the path of a folder", { folder: "" }],
    ["queue.storage.maxBytes must be an integer of at least 65536", { folder: "q", maxBytes: 65_535 }],
    ["queue.storage.fsync must be", { folder: "q", fsync: { intervalMs: 0 } }],
    ["queue.storage.fsync must be", { folder: "q", fsync: "sometimes" as "always" }],
  ])("is refused with %s", ([message, storage]) => {
    expect(() => define(storage)).toThrow(message);
  });
});
