import { describe, expect, it } from "vitest";
import { FORMATS, FORMAT_NAMES } from "../../src/index.ts";
import type { FieldLines, Format, Outgoing, Sampling } from "../../src/index.ts";
import { PARENT, TRACE } from "../heads.ts";

const SHORT = "0000000000000000a3ce929d0e0e4736";
const writers = [...FORMATS.values()].filter((format) => format.write !== undefined);

function written(format: Format, outgoing: Partial<Outgoing>): FieldLines {
  const all: Outgoing = { traceId: TRACE, parentId: PARENT, sampling: "accept", idDigits: 32, rest: "", ...outgoing };
  return (format.write?.(all) ?? []).flatMap(({ name, value }) => (value === null ? [] : [name, value]));
}

function reread(format: Format, outgoing: Partial<Outgoing>) {
  const reading = format.read(written(format, outgoing));
  return reading?.kind === "valid" ? reading.context : reading;
}

/** What a format cannot say: Azure's has no sampling, Jaeger's no deferred decision, most no debug. */
function heardAs(format: Format, sampling: Sampling): Sampling {
  if (format.name === "azure") return "defer";
  if (format.name === "jaeger") return sampling === "defer" ? "deny" : sampling;
  const debug = format.name === "b3" || format.name === "b3-multi";
  return sampling === "debug" && !debug ? "accept" : sampling;
}

describe("every format", () => {
  it("has its own name and fields that no other has", () => {
    expect(FORMAT_NAMES.length).toBe(13);
    const fields = [...FORMATS.values()].flatMap((format) => format.fields);
    expect(new Set(fields).size).toBe(fields.length);
    expect(fields.filter((field) => field !== field.toLowerCase())).toEqual([]);
  });

  it("reads nothing in a head without its fields", () => {
    for (const format of FORMATS.values()) expect(format.read(["Host", "a", "x-other", "1"])).toBeUndefined();
  });

  it("reads what it wrote, sampling as far as it has words for it", () => {
    for (const format of writers) {
      for (const sampling of ["accept", "deny", "defer", "debug"] as const) {
        const traceId = format.name === "ot-tracer" ? SHORT : TRACE;
        expect([format.name, reread(format, { sampling, traceId })]).toMatchObject([
          format.name,
          { traceId, parentId: PARENT, sampling: heardAs(format, sampling) },
        ]);
      }
    }
  });

  it("gives a padded 64-bit id back at its own length where it has one", () => {
    const short = (name: string) => {
      const format = writers.find((each) => each.name === name);
      if (format === undefined) throw new Error(name);
      return [
        ...written(format, { traceId: SHORT, idDigits: 16 })
          .join(" ")
          .matchAll(/(?:[ -]|^)(a3ce929d0e0e4736)/g),
      ];
    };
    for (const name of ["b3", "b3-multi", "jaeger", "ot-tracer"]) expect([name, short(name).length]).toEqual([name, 1]);
  });

  it("writes no field but its own", () => {
    for (const format of writers) {
      const names = written(format, {}).filter((_, at) => at % 2 === 0);
      expect(names.every((name) => format.fields.includes(name))).toBe(true);
    }
  });

  it("takes contradicting lines for malformed and identical ones for one", () => {
    for (const format of writers) {
      const lines = written(format, {});
      expect([format.name, format.read([...lines, ...lines])]).toEqual([format.name, format.read(lines)]);
      const other = written(format, { parentId: "1".repeat(16), traceId: "2".repeat(32) });
      expect([format.name, format.read([...lines, ...other])?.kind]).toEqual([format.name, "malformed"]);
    }
  });
});
