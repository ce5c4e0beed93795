import { describe, expect, it } from "vitest";
import { createSourceBook } from "../src/source-book.ts";

describe("the sources of spans", () => {
  it("are remembered by number, the newest few thousand", () => {
    const book = createSourceBook();
    const numbers = Array.from({ length: 4_097 }, (_, at) => book.add({ version: String(at), pod: "" }));
    expect([numbers[0], numbers[4_095], numbers[4_096]]).toEqual([1, 4_096, 1]);
    expect(book.at(1)).toEqual({ version: "4096", pod: "" });
    expect(book.at(2)).toEqual({ version: "1", pod: "" });
    expect(book.at(0)).toBeUndefined();
  });
});
