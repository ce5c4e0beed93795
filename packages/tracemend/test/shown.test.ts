import type { Crossing } from "@tracemend/context";
import { expect, it } from "vitest";
import { redactCrossings } from "../src/shown.ts";
import { crossingOf } from "./crossing.ts";

it("paths of crossings are redacted as those of spans, before the diagnosis sees them", () => {
  const seen: Crossing[] = [];
  const observer = { crossed: (crossing: Crossing) => void seen.push(crossing) };
  const crossing = { ...crossingOf([]), path: "/mails/a@b.example" };
  redactCrossings({ patterns: ["email"] }, observer).crossed(crossing);
  redactCrossings({ attributes: [{ keys: ["url.*"], action: "delete" }] }, observer).crossed(crossing);
  redactCrossings(undefined, observer).crossed(crossing);
  expect(seen.map(({ path }) => path)).toEqual(["/mails/****", "/", "/mails/a@b.example"]);
  expect(seen[0]).toMatchObject({ method: crossing.method, verdict: crossing.verdict });
});
