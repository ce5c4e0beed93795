import fc from "fast-check";
import { expect, test } from "vitest";
import { readLines } from "../../src/balance/lines.ts";

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function linesOf(chunks: readonly Uint8Array[], maxBytes = 1_000): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(streamOf(chunks), maxBytes)) lines.push(line);
  return lines;
}

test("lines are the same however the bytes are cut, even within a character", async () => {
  const text = "{a}\nzweite Zeile äöü\r\n\n  \n€\n";
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 })), async (sizes) => {
      const bytes = Buffer.from(text);
      const chunks: Buffer[] = [];
      let start = 0;
      for (const size of [...sizes, bytes.length]) {
        chunks.push(bytes.subarray(start, start + size));
        start += size;
      }
      expect(await linesOf(chunks)).toEqual(["{a}", "zweite Zeile äöü\r", "€"]);
    }),
  );
});

test("an unfinished line at the end is none", async () => {
  expect(await linesOf([Buffer.from("a\nb")])).toEqual(["a"]);
});

test("a line that is too long ends the reading", async () => {
  await expect(linesOf([Buffer.alloc(6, "x"), Buffer.alloc(6, "x")], 10)).rejects.toThrow("more than 10 bytes");
});
