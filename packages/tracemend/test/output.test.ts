import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { createOutput } from "../src/output.ts";

/** A stream whose reader takes what it has when it is told to. */
function createReader(): { stream: Writable; taken: string[]; read: (error?: Error) => void } {
  const taken: string[] = [];
  const waiting: ((error?: Error) => void)[] = [];
  const stream = new Writable({
    decodeStrings: false,
    autoDestroy: false,
    write(chunk: string, _encoding, done) {
      waiting.push((error) => {
        if (error === undefined) taken.push(chunk);
        done(error);
      });
    },
  });
  return { stream, taken, read: (error) => waiting.shift()?.(error) };
}

describe("standard output", () => {
  it("gives lines in their order to who reads them", async () => {
    const { stream, taken, read } = createReader();
    const output = createOutput(stream);
    output.write("one\n");
    output.write("two\n");
    const flushed = output.flushed(60_000);
    read();
    await new Promise((resolve) => process.nextTick(resolve));
    read();
    expect(await flushed).toBe(true);
    expect(taken).toEqual(["one\n", "two\n"]);
    expect(output.lostLines()).toBe(0);
  });

  it("loses, and counts, what a reader that has stopped leaves waiting beyond a limit", async () => {
    const { stream } = createReader();
    const output = createOutput(stream);
    const megabyte = `${"x".repeat(1_024 * 1_024)}\n`;
    for (let count = 0; count < 64; count += 1) output.write(megabyte);
    expect(stream.writableLength).toBeLessThan(6 * 1_024 * 1_024);
    const lost = output.lostLines();
    expect(lost).toBeGreaterThan(50);
    expect(await output.flushed(1)).toBe(false);
    output.write("a\nb\n");
    expect(output.lostLines()).toBe(lost + 2);
  });

  it("counts what could not be written, and writes on", async () => {
    const { stream, read } = createReader();
    const output = createOutput(stream);
    output.write("one\ntwo\n");
    read(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    expect(await output.flushed(60_000)).toBe(true);
    expect(output.lostLines()).toBe(2);
  });
});
