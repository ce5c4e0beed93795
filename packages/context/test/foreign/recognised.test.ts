import { expect, it } from "vitest";
import * as instana from "../../src/foreign/instana.ts";
import * as lightstep from "../../src/foreign/lightstep.ts";
import * as skywalking from "../../src/foreign/skywalking.ts";

const SW8 = "1-YWJj-c2Vn-3-UEFZ-cG9k-L2E=-MTI3";

it("formats that name no parent are recognised and never written", () => {
  expect(skywalking.read(["sw8", SW8])).toEqual({ kind: "recognised" });
  expect(instana.read(["X-Instana-L", "0"])).toEqual({ kind: "recognised" });
  expect(lightstep.read(["X-OT-Span-Context", "opaque"])).toEqual({ kind: "recognised" });
  expect([skywalking.write, instana.write, lightstep.write]).toEqual([undefined, undefined, undefined]);
});

it("a sw8 of another shape is malformed", () => {
  for (const value of ["", "1-2-3", SW8.replace("1-", "2-"), `${SW8}-x`, `1-${"x".repeat(2048)}`])
    expect(skywalking.read(["sw8", value])).toEqual({ kind: "malformed" });
});
