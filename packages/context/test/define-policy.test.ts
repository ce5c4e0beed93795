import { describe, expect, it } from "vitest";
import { PRESERVE, defineBoundary, definePolicy } from "../src/index.ts";
import type { PolicyOptions } from "../src/index.ts";

const wrong = (options: unknown) => () => definePolicy(options as PolicyOptions);

describe("a policy", () => {
  it("asks for nothing beyond the specification unless told to", () => {
    expect(definePolicy()).toEqual(PRESERVE);
    expect(definePolicy({})).toEqual(PRESERVE);
  });

  it("sets the level of every repair at once and of each by name", () => {
    expect(definePolicy({ repair: "on", repairs: { members: "report", nominated: "off" } }).repairs).toMatchObject({
      carrier: "on",
      case: "on",
      duplicates: "on",
      members: "report",
      nominated: "off",
    });
  });

  it("names the option and the value that is wrong", () => {
    expect(wrong({ trust: "yes" })).toThrow('trust is "yes"; it must be one of');
    expect(wrong({ repair: true })).toThrow("repair is true; it must be one of off, report, on");
    expect(wrong({ repairs: { carier: "on" } })).toThrow('repairs is "carier"; it must be');
    expect(wrong({ repairs: { case: "yes" } })).toThrow('repairs.case is "yes"; it must be');
    expect(wrong({ duplicate: "both" })).toThrow('duplicate is "both"; it must be one of first, last');
    expect(wrong({ tracestateMaxLength: 511 })).toThrow(
      "tracestateMaxLength is 511; it must be a whole number from 512",
    );
    expect(wrong({ carrier: { field: "x y" } })).toThrow('carrier.field is "x y"; it must be a header field name');
    expect(wrong({ carrier: { field: "x-ours" } })).toThrow('carrier is "x-ours"; it must be with read or send true');
    expect(wrong({ strip: true, carrier: { read: true, send: true } })).toThrow("carrier.send is true");
    expect(wrong({ strip: true, carrier: {} })).toThrow("carrier.read is false");
    expect(wrong({ clear: ["x y"] })).toThrow('clear[0] is "x y"');
    expect(wrong({ flags: "level-3" })).toThrow('flags is "level-3"');
    expect(wrong({ outside: "keep" })).toThrow('outside is "keep"');
    expect(wrong({ baggage: { keep: [""] } })).toThrow("baggage.keep[0]");
    expect(wrong({ baggage: { maxBytes: -1 } })).toThrow("baggage.maxBytes is -1");
    expect(wrong({ upstreams: { a: { flags: "x" } } })).toThrow('flags is "x"');
    expect(wrong({ carrier: { field: "Host" } })).toThrow('carrier.field is "host"; it must be');
    expect(wrong({ trust: "yes" })).toThrow(TypeError);
  });

  it("reads the carrier's field without regard to case", () => {
    expect(definePolicy({ carrier: { field: "X-Request-Id", send: true } }).carrier).toEqual({
      field: "x-request-id",
      read: false,
      send: true,
    });
  });
});

describe("a boundary's cluster", () => {
  it("must fit the own member", () => {
    expect(() => defineBoundary({ name: "b", side: "ingress", cluster: "EU" })).toThrow('cluster is "EU"; it must be');
  });
});
