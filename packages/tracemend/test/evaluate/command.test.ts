/** The command: arguments, faults and both outputs. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { evaluateCommand } from "../../src/evaluate/command.ts";
import { WORTH_A_THREAD } from "../../src/evaluate/threads.ts";
import { folderWith, jaegerLines, pairLines, shopTraces } from "./shop.ts";

async function run(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await evaluateCommand(args, { out: (text) => out.push(text), err: (text) => err.push(text) });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

test("tables and JSON tell the same, with progress beside them", async () => {
  using folder = folderWith({ "shop.ndjson": jaegerLines(shopTraces(60)) });
  const args = [folder.path, "--edge", "shop→stock", "--class", "intact"];
  const tables = await run(args);
  expect(tables.code).toBe(0);
  expect(tables.out).toContain("false alarms per 1000 intact windows");
  expect(tables.err).toContain("1/1 shop shop→stock, intact");
  const json = await run([...args, "--json"]);
  expect(JSON.parse(json.out)).toMatchObject({
    score: { trials: 1, repairsOnIntact: 0 },
    results: [{ edge: "shop→stock" }],
  });
});

test("on several threads it comes to the same as on one", async () => {
  using folder = folderWith({ "shop.ndjson": jaegerLines(shopTraces(60)) });
  const classes = ["B1", "B2", "B3", "B4"].flatMap((code) => ["--class", code]);
  const args = [folder.path, "--edge", "shop→stock", ...classes, "--json", "--threads"];
  const one = await run([...args, "1"]);
  const two = await run([...args, "2"]);
  const { results } = JSON.parse(one.out) as { results: unknown[] };
  expect(results.length).toBeGreaterThanOrEqual(2 * WORTH_A_THREAD);
  expect(JSON.parse(two.out)).toEqual(JSON.parse(one.out));
  const told = (err: string): string[] => {
    const lines = err.split("\n").map((line) => line.replace(/^\d+/, ""));
    return lines.sort();
  };
  expect(told(two.err)).toEqual(told(one.err));
});

test("a folder of pairs is good for joining by time alone", async () => {
  using folder = folderWith({ "shop.csv": pairLines(shopTraces(300)) });
  const { code, out } = await run([folder.path, "--edge", "caller", "--in-flight", "0.3", "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    score: { trials: 0 },
    associations: [{ recording: "shop", holds: "pairs", edge: "caller→callee", load: { inFlight: 0.3 } }],
  });
});

test.each([
  [[], "one folder"],
  [["a", "b"], "one folder"],
  [["a", "--seed", "x"], "--seed is x"],
  [["a", "--quick", "--full"], "exclude each other"],
  [["a", "--threads", "0"], "--threads is 0"],
  [["a", "--in-flight", "5", "--in-flight", "none"], "--in-flight is 5, none"],
])("wrong arguments are told: %j", async (args, message) => {
  const { code, err } = await run(args);
  expect(code).toBe(2);
  expect(err).toContain(message);
});

test("a folder that is not there, is empty, or has a fault is told", async () => {
  using empty = folderWith({});
  using faulty = folderWith({ "a.json": "[{" });
  using good = folderWith({ "shop.ndjson": jaegerLines(shopTraces(60)) });
  expect(await run([join(empty.path, "none")])).toMatchObject({
    code: 2,
    err: expect.stringContaining("ENOENT") as string,
  });
  expect(await run([empty.path])).toMatchObject({ code: 2, err: expect.stringContaining("no recording") as string });
  expect(await run([faulty.path])).toMatchObject({ code: 2, err: expect.stringContaining("a.json:1: ") as string });
  expect(await run([good.path, "--class", "B99"])).toMatchObject({
    code: 2,
    err: expect.stringContaining("B99") as string,
  });
  expect(await run([good.path, "--edge", "x→y"])).toMatchObject({
    code: 2,
    err: expect.stringContaining("no such edge") as string,
  });
});
