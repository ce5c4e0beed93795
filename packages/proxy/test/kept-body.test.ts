import { describe, expect, it } from "vitest";
import { KeptBody } from "../src/kept-body.ts";
import type { Call } from "../src/plane/plane.ts";

function record(room: boolean) {
  const told: unknown[] = [];
  const call: Call = {
    write: (chunk) => (told.push(String(chunk)), room),
    end: (trailers) => void told.push(trailers),
    pause() {},
    resume() {},
    cancel() {},
  };
  return { call, told };
}

describe("a kept body", () => {
  it("is sent again whole, as often as it is asked for, with what has come meanwhile", () => {
    const kept = new KeptBody(6);
    expect(kept.add(Buffer.from("abc"))).toBe(true);
    const first = record(true);
    expect(kept.replay(first.call)).toBe(true);
    expect([first.told, kept.ended]).toEqual([["abc"], false]);
    expect(kept.add(Buffer.from("def"))).toBe(true);
    kept.end(["x-sum", "6"]);
    const second = record(false);
    expect(kept.replay(second.call)).toBe(false);
    expect([second.told, kept.ended]).toEqual([["abc", "def", ["x-sum", "6"]], true]);
  });

  it("says when it is longer than may be kept", () => {
    expect(new KeptBody(3).add(Buffer.from("abcd"))).toBe(false);
  });
});
