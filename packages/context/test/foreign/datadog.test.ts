import { expect, it } from "vitest";
import { read, write } from "../../src/foreign/datadog.ts";

const HIGH = "640cfd8d00000000";
const IDS = ["x-datadog-trace-id", "1234567890123456789", "x-datadog-parent-id", "987654321"];
const LOW = "112210f47de98115";
const PARENT = "000000003ade68b1";
const heard = (...lines: string[]) => {
  const reading = read(lines);
  return reading?.kind === "valid" ? reading.context : reading?.kind;
};

it("the high half of a 128-bit id comes in the tags", () => {
  expect(heard(...IDS, "x-datadog-tags", `_dd.p.dm=-1,_dd.p.tid=${HIGH}`, "x-datadog-sampling-priority", "2")).toEqual({
    traceId: HIGH + LOW,
    parentId: PARENT,
    sampling: "accept",
    idDigits: 32,
    rest: "2 _dd.p.dm=-1",
  });
});

it("without it, or with a broken one, the id has 64 bits", () => {
  for (const tags of ["", "_dd.p.tid=XYZ", "_dd.p.tid=", "_dd.p.tid=0000000000000000"])
    expect(heard(...IDS, "x-datadog-tags", tags)).toMatchObject({ traceId: LOW.padStart(32, "0"), idDigits: 16 });
});

it("priorities are four, and none leaves the decision open", () => {
  for (const [value, sampling] of [
    ["-1", "deny"],
    ["0", "deny"],
    ["1", "accept"],
    ["2", "accept"],
  ])
    expect(heard(...IDS, "x-datadog-sampling-priority", value as string)).toMatchObject({ sampling });
  expect(heard(...IDS)).toMatchObject({ sampling: "defer" });
  expect(heard(...IDS, "x-datadog-sampling-priority", "1.5")).toBe("malformed");
});

it("parent 0 or none is a trace id alone; a priority may stand alone", () => {
  expect(heard("x-datadog-trace-id", "1", "x-datadog-parent-id", "0")).toMatchObject({ parentId: undefined });
  expect(heard("x-datadog-trace-id", "1")).toMatchObject({ parentId: undefined });
  expect(heard("x-datadog-sampling-priority", "0")).toMatchObject({ traceId: undefined, sampling: "deny" });
  for (const id of ["0", "", "abc", "18446744073709551616"]) expect(heard("x-datadog-trace-id", id)).toBe("malformed");
});

it("writing keeps the other tags and a user's own decision, and never longer tags than tracers take", () => {
  const outgoing = { traceId: HIGH + LOW, parentId: PARENT, idDigits: 32 } as const;
  expect(write({ ...outgoing, sampling: "accept", rest: "2 _dd.p.dm=-1" })).toEqual([
    { name: "x-datadog-trace-id", value: "1234567890123456789" },
    { name: "x-datadog-parent-id", value: "987654321" },
    { name: "x-datadog-sampling-priority", value: "2" },
    { name: "x-datadog-tags", value: `_dd.p.tid=${HIGH},_dd.p.dm=-1` },
  ]);
  expect(write({ ...outgoing, sampling: "deny", rest: "2 a=b" })[2]?.value).toBe("0");
  expect(write({ ...outgoing, sampling: "deny", rest: "-1 " })[2]?.value).toBe("-1");
  expect(write({ ...outgoing, sampling: "accept", rest: `1 a=${"b".repeat(500)}` })[3]?.value).toBe(
    `_dd.p.tid=${HIGH}`,
  );
  const short = { ...outgoing, traceId: LOW.padStart(32, "0"), sampling: "defer", rest: "" } as const;
  expect(write(short).slice(2)).toEqual([
    { name: "x-datadog-sampling-priority", value: null },
    { name: "x-datadog-tags", value: null },
  ]);
});
