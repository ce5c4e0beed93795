import { expect, it } from "vitest";
import { FORMATS, definePolicy } from "../src/index.ts";
import type { PolicyOptions } from "../src/index.ts";

const wrong = (options: unknown) => () => definePolicy(options as PolicyOptions);

it("formats are named, once each, and w3c is always among those that are read", () => {
  expect(wrong({ extract: ["b3"] })).toThrow('extract is ["b3"]; it must be a list that names w3c');
  expect(wrong({ extract: ["w3c", "b4"] })).toThrow('extract[1] is "b4"; it must be one of w3c, b3');
  expect(wrong({ extract: ["w3c", "b3", "b3"] })).toThrow("without a name twice");
  expect(wrong({ extract: "b3" })).toThrow("extract");
  expect(wrong({ inject: ["preserve", "skywalking"] })).toThrow(
    'inject is "skywalking"; it must be a format that can be',
  );
  expect(wrong({ injectDefault: "instana" })).toThrow('injectDefault is "instana"');
  expect(wrong({ conflict: "both" })).toThrow('conflict is "both"');
  expect(wrong({ stale: "keep" })).toThrow('stale is "keep"');
});

it("a policy that names no format has no rules for any", () => {
  expect(definePolicy({ extract: ["w3c"], inject: ["preserve", "w3c"] }).foreign).toBeUndefined();
  expect(definePolicy({ extract: ["w3c", "b3"] }).foreign).toBeDefined();
  expect(definePolicy({ repairs: { stale: "report" } }).foreign).toBeDefined();
});

it("a carrier may not take a field that a format has", () => {
  for (const format of FORMATS.values())
    expect(wrong({ carrier: { field: format.fields[0] } })).toThrow(`carrier.field is "${format.fields[0]}"`);
});
