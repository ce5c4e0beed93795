import { describe, expect, it } from "vitest";
import { formatTraceresponse, parseTraceresponse, readTraceresponse } from "../src/index.ts";
import { OTHER_PARENT, PARENT, PARENT_LINE, TRACE } from "./heads.ts";

const RESPONSE = { traceId: TRACE, spanId: PARENT, flags: 1 };

describe("the context of an answer", () => {
  it("is written and read back, reserved bits aside", () => {
    expect(formatTraceresponse({ ...RESPONSE, flags: 0xff })).toBe(`00-${TRACE}-${PARENT}-03`);
    expect(parseTraceresponse(formatTraceresponse(RESPONSE))).toEqual(RESPONSE);
    expect(parseTraceresponse(`cc-${TRACE}-${PARENT}-01-more`)).toEqual(RESPONSE);
    expect(parseTraceresponse(`00-${TRACE}-${"0".repeat(16)}-01`)).toBeUndefined();
  });

  it("comes in traceresponse", () => {
    expect(readTraceresponse(["TraceResponse", ` ${PARENT_LINE}`])).toEqual(RESPONSE);
    expect(readTraceresponse(["traceresponse", PARENT_LINE, "traceresponse", PARENT_LINE])).toEqual(RESPONSE);
  });

  it("comes in a metric of Server-Timing", () => {
    for (const metric of [
      `trace;desc=${PARENT_LINE}`,
      `Trace; dur=1; desc="${PARENT_LINE}"`,
      `traceparent;desc="${PARENT_LINE}"`,
    ])
      expect(readTraceresponse(["server-timing", `db;dur=53, ${metric}`])).toEqual(RESPONSE);
    expect(readTraceresponse(["server-timing", `traces;desc=${PARENT_LINE}, trace;dur=1`])).toBeUndefined();
  });

  it("is none where two answers differ or nothing is valid", () => {
    const other = `00-${TRACE}-${OTHER_PARENT}-01`;
    expect(readTraceresponse(["traceresponse", PARENT_LINE, "traceresponse", other])).toBeUndefined();
    expect(readTraceresponse(["traceresponse", "x"])).toBeUndefined();
    expect(readTraceresponse(["server-timing", `${"a,".repeat(5000)}trace;desc=${PARENT_LINE}`])).toBeUndefined();
    expect(readTraceresponse([])).toBeUndefined();
  });
});
