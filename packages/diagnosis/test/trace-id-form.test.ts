import { describe, expect, it } from "vitest";
import { readTraceId } from "../src/id-words.ts";
import { eachHiddenForm, formOf } from "../src/trace-id-form.ts";
import { createWorld } from "./support/world.ts";

const SENT = "4bf92f3577b34da6a3ce929d0e0e4736";
const FORMS: readonly (readonly [string, string])[] = [
  ["lower-half", `${"0".repeat(16)}a3ce929d0e0e4736`],
  ["upper-half", `${"0".repeat(16)}4bf92f3577b34da6`],
  ["xray", "65f0c1a277b34da6a3ce929d0e0e4736"],
  ["decimal", BigInt("0xa3ce929d0e0e4736").toString().padStart(32, "0")],
  ["other", "0af7651916cd43dd8448eb211c80319c"],
];

function words(traceId: string): Uint32Array {
  const into = new Uint32Array(6);
  expect(readTraceId(traceId, into)).toBe(true);
  return into;
}

describe("the form of a trace id", () => {
  it.each(FORMS)("is told: %s", (form, came) => {
    expect(formOf(words(SENT), words(came))).toBe(form);
  });

  it("is told of the longest decimal too", () => {
    expect(formOf(words("f".repeat(32)), words("18446744073709551615".padStart(32, "0")))).toBe("decimal");
  });

  it("is none where the id is the one that was sent", () => {
    expect(formOf(words(SENT), words(SENT))).toBeUndefined();
  });

  it("is looked for whole where no half of it stays in place", () => {
    const seen: (string | undefined)[] = [];
    eachHiddenForm(words(SENT), (came) => (seen.push(formOf(words(SENT), came)), false));
    expect(seen).toEqual(["upper-half", "decimal"]);
  });
});

describe("a service that makes another trace id of the one it is sent", () => {
  const lines = ["traceparent", `00-${SENT}-00f067aa0ba902b7-01`];
  const made = (form: string, traceId: string): string => {
    if (form === "lower-half") return `${"0".repeat(16)}${traceId.slice(16)}`;
    if (form === "upper-half") return `${"0".repeat(16)}${traceId.slice(0, 16)}`;
    if (form === "xray") return `65f0c1a2${traceId.slice(8)}`;
    if (form === "decimal")
      return BigInt(`0x${traceId.slice(16)}`)
        .toString()
        .padStart(32, "0");
    return "0af7651916cd43dd8448eb211c80319c";
  };

  it.each(FORMS)("is found by a child below the span that was sent: %s", (form) => {
    const world = createWorld();
    const crossing = world.forward({ lines });
    world.answer(crossing, { traceId: made(form, crossing.verdict.context?.traceId ?? "") });
    world.wait(1_000);
    const kind = form === "lower-half" ? "truncated-trace-id" : "rewritten-trace-id";
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind, count: 1, of: 1 }]);
  });

  it.each(FORMS.filter(([form]) => form !== "other"))("is found by a root: %s", (form) => {
    const world = createWorld();
    const crossing = world.forward({ lines });
    world.root(crossing, { traceId: made(form, crossing.verdict.context?.traceId ?? "") });
    world.pass();
    const kind = form === "lower-half" ? "truncated-trace-id" : "rewritten-trace-id";
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind, count: 1, confidence: 1 }]);
  });

  it("is not concluded from another trace that shares nothing with it", () => {
    const world = createWorld();
    world.root(world.forward());
    world.pass();
    expect(world.diagnosis.report().breaks).toEqual([]);
  });
});
