import { describe, expect, it } from "vitest";
import { readAnswerFrame } from "../../src/plane/answer-frame.ts";

describe("the frame of an answer", () => {
  it("says how long an upstream keeps an idle connection, where it says so", () => {
    const idleMsOf = (value: string) => readAnswerFrame("GET", 200, 1, ["Keep-Alive", value]);
    expect(idleMsOf("timeout=5, max=100")).toMatchObject({ idleMs: 5_000 });
    expect(idleMsOf("max=100, Timeout=20")).toMatchObject({ idleMs: 20_000 });
    for (const other of ["", "timeout", "timeout=soon", "timeout=-1"])
      expect(idleMsOf(other)).toMatchObject({ idleMs: undefined });
  });

  it("is the connection's end where there is neither length nor coding", () => {
    expect(readAnswerFrame("GET", 200, 1, [])).toEqual({ body: "until close", keep: false, idleMs: undefined });
  });
});
