import { describe, expect, it } from "vitest";
import { formatCarrier, parseCarrier } from "../src/index.ts";
import type { Carried } from "../src/index.ts";
import { toBase64Url } from "../src/base64url.ts";
import { MAX_CARRIER_LENGTH } from "../src/carrier.ts";
import { PARENT, TRACE } from "./heads.ts";

const CARRIED: Carried = {
  context: { traceId: TRACE, parentId: PARENT, flags: 1, tracestate: "a=1,b=2" },
  cluster: "eu-1",
  original: "req-ä 7",
};
const HEAD = `tm1.${TRACE}.${PARENT}.01.eu-1`;

describe("the extra carrier", () => {
  it("brings everything back", () => {
    expect(parseCarrier(formatCarrier(CARRIED) as string)).toEqual(CARRIED);
    const bare = { ...CARRIED, original: undefined, context: { ...CARRIED.context, tracestate: "" } };
    expect(formatCarrier(bare)).toBe(HEAD);
    expect(parseCarrier(HEAD)).toEqual(bare);
  });

  it("tells an absent value of the caller from an empty one", () => {
    expect(parseCarrier(formatCarrier({ ...CARRIED, original: "" }) as string)?.original).toBe("");
  });

  it("leaves a tracestate out that would make it too long", () => {
    const context = { ...CARRIED.context, tracestate: `a=${"x".repeat(250)},b=${"y".repeat(200)}` };
    const value = formatCarrier({ ...CARRIED, context }) as string;
    expect(value.length).toBeLessThanOrEqual(MAX_CARRIER_LENGTH);
    expect(parseCarrier(value)).toEqual({ ...CARRIED, context: { ...context, tracestate: "" } });
  });

  it("is not written where the caller's own value could not be put back", () => {
    expect(formatCarrier({ ...CARRIED, original: "x".repeat(400) })).toBeUndefined();
    expect(formatCarrier({ ...CARRIED, original: "\u20ac" })).toBeUndefined();
  });

  it("passes over parts it does not know", () => {
    expect(parseCarrier(`${HEAD}.zlater.o${toBase64Url("id")}.q`)?.original).toBe("id");
  });

  it("injects nothing: no line break, no control character, no broken list", () => {
    for (const hostile of ["a\r\nx-evil: 1", "a\u0000b", "a\u007f", "\n"]) {
      expect(parseCarrier(`${HEAD}.o${toBase64Url(hostile)}`)?.original).toBeUndefined();
      expect(parseCarrier(`${HEAD}.s${toBase64Url(`a=${hostile}`)}`)?.context.tracestate).toBe("");
    }
    expect(parseCarrier(`${HEAD}.s${toBase64Url("not a list")}`)?.context.tracestate).toBe("");
  });

  it("is not recognised in anything else", () => {
    const bad = [
      "",
      "abc-1",
      "tm1.",
      HEAD.replace("tm1", "tm2"),
      HEAD.replace(TRACE, "0".repeat(32)),
      HEAD.replace(PARENT, PARENT.toUpperCase()),
      HEAD.replace(".01.", ".1."),
      HEAD.replace(".01.", ".001."),
      HEAD.replace("eu-1", "eu\r\n1"),
      `${HEAD}.o${"a".repeat(MAX_CARRIER_LENGTH)}`,
    ];
    for (const value of bad) expect(parseCarrier(value)).toBeUndefined();
  });

  it("masks reserved flag bits on the way out", () => {
    expect(formatCarrier({ ...CARRIED, context: { ...CARRIED.context, flags: 0xff } })).toContain(".03.");
  });
});
