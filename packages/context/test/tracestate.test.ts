import { describe, expect, it } from "vitest";
import {
  combineTracestate,
  dropMember,
  limitTracestate,
  memberValue,
  putMemberFirst,
  readTracestate,
} from "../src/index.ts";

const members = (count: number, from = 1) => Array.from({ length: count }, (_, at) => `m${at + from}=${at + from}`);
const defects = (...values: string[]) => readTracestate(values).defects;

describe("reading tracestate", () => {
  it("hands a plain list back as the very text that came", () => {
    for (const list of ["a=1", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "1a=x y", "tenant@system=!~", "foo@=1"])
      expect(readTracestate([list])).toEqual({ list, defects: [], salvage: "" });
  });

  it("makes one list of several lines, in order, and passes over empty members and blanks", () => {
    expect(readTracestate(["a=1,b=2", "", " c=3 \t,\t d=4,, "])).toEqual({
      list: "a=1,b=2,c=3,d=4",
      defects: [],
      salvage: "",
    });
  });

  it("tells an empty one from an absent one", () => {
    expect(readTracestate([])).toEqual({ list: "", defects: [], salvage: "" });
    for (const value of ["", " ", ",", " , \t,"]) expect(defects(value)).toEqual(["tracestate-empty"]);
  });

  it("keeps leading blanks of a value and drops trailing ones", () => {
    expect(readTracestate(["a=  x  ,b=2"]).list).toBe("a=  x,b=2");
  });

  it("refuses a member that breaks the grammar, and the list with it", () => {
    for (const bad of [
      "a",
      "=1",
      "a=",
      "A=1",
      "a.b=1",
      "foo =1",
      "@a=1",
      "-a=1",
      "a=b=c",
      "a=\u00e9",
      "a=\u007f",
      "a=\u0009b",
    ])
      expect(readTracestate([`x=1,${bad}`])).toEqual({ list: "", defects: ["tracestate-member"], salvage: "x=1" });
  });

  it("allows keys and values of 256 characters and no more", () => {
    const key = "z".repeat(256);
    const value = "v".repeat(256);
    expect(readTracestate([`${key}=${value}`]).list).toBe(`${key}=${value}`);
    expect(defects(`${key}z=1`)).toEqual(["tracestate-member"]);
    expect(defects(`a=${value}v`)).toEqual(["tracestate-member"]);
  });

  it("reads every key form of Level 1 and Level 2", () => {
    for (const key of ["a", "a_-*/", "0tenant@system", `${"t".repeat(241)}@${"v".repeat(14)}`, "foo@@bar", "1"])
      expect(readTracestate([`${key}=1`]).list).toBe(`${key}=1`);
  });

  it("allows 32 members and refuses a list of 33", () => {
    expect(readTracestate(members(32)).list).toBe(members(32).join(","));
    const { list, defects: found, salvage } = readTracestate(members(33));
    expect([list, found]).toEqual(["", ["tracestate-members"]]);
    expect(salvage).toBe(members(32).join(","));
  });

  it("keeps the left-most of several members with one key", () => {
    expect(readTracestate(["a=1,b=2", "a=3,ab=4"])).toEqual({
      list: "a=1,b=2,ab=4",
      defects: ["tracestate-duplicate-key"],
      salvage: "",
    });
  });

  it("does not take a key for another that begins alike", () => {
    expect(defects("ab=1,a=2,abc=3")).toEqual([]);
  });

  it("does not search a value longer than a whole head", () => {
    expect(readTracestate(["a=1,".repeat(3000)])).toEqual({ list: "", defects: ["tracestate-length"], salvage: "" });
  });
});

describe("a member of tracestate", () => {
  it("is found by its whole key alone", () => {
    const list = "xtm=0,tm@x=1,a=tm=,tm=2,b=3";
    expect(memberValue(list, "tm")).toBe("2");
    expect(memberValue("a=1,\t tm=9 ,b=2", "tm")).toBe("9");
    expect(memberValue("a=tm", "tm")).toBeUndefined();
    expect(memberValue("", "tm")).toBeUndefined();
  });

  it("goes first, replaces its like and leaves the order of the others", () => {
    expect(putMemberFirst("a=1,tm=0,b=2", "tm", "9")).toBe("tm=9,a=1,b=2");
    expect(putMemberFirst("", "tm", "9")).toBe("tm=9");
    expect(putMemberFirst("tm=0", "tm", "9")).toBe("tm=9");
  });

  it("makes the right-most of 32 others give way", () => {
    expect(putMemberFirst(members(32).join(","), "tm", "9")).toBe(["tm=9", ...members(31)].join(","));
    const own = ["tm=0", ...members(31)].join(",");
    expect(putMemberFirst(own, "tm", "9")).toBe(["tm=9", ...members(31)].join(","));
  });

  it("is dropped alone", () => {
    expect(dropMember("a=1,tm=2,tmx=3", "tm")).toBe("a=1,tmx=3");
    expect(dropMember("tm=2", "tm")).toBe("");
    expect(dropMember("a=1", "tm")).toBe("a=1");
  });

  it("is joined over lines as it came where nothing is to be checked", () => {
    expect(combineTracestate([])).toBe("");
    expect(combineTracestate(["A=1 ", "", "b"])).toBe("A=1,b");
  });
});

describe("the limits of tracestate", () => {
  const long = `long=${"x".repeat(124)}`;
  const short = `s=${"y".repeat(98)}`;

  it("let 512 characters pass", () => {
    const list = `a=${"x".repeat(126)},b=${"x".repeat(126)},c=${"x".repeat(126)},d=${"x".repeat(123)}`;
    expect(list.length).toBe(512);
    expect(limitTracestate(list)).toBe(list);
  });

  it("take entries of more than 128 characters first, the right-most of them first", () => {
    const first = `l1=${"x".repeat(130)}`;
    const second = `l2=${"x".repeat(130)}`;
    const list = [first, `s1=${"y".repeat(90)}`, second, `s2=${"y".repeat(90)}`, `s3=${"y".repeat(90)}`].join(",");
    expect(limitTracestate(list)).toBe(
      [first, `s1=${"y".repeat(90)}`, `s2=${"y".repeat(90)}`, `s3=${"y".repeat(90)}`].join(","),
    );
  });

  it("then take from the right, whole entries only", () => {
    const list = Array.from({ length: 6 }, (_, at) => `${at}${short}`).join(",");
    const limited = limitTracestate(list);
    expect(limited.split(",").map((member) => member[0])).toEqual(["0", "1", "2", "3", "4"]);
    expect(limited.length).toBeLessThanOrEqual(512);
  });

  it("never take the member that was just put first", () => {
    const own = "t".repeat(200);
    const list = putMemberFirst(
      [long, long.replace("long", "lang"), long.replace("long", "leng")].join(","),
      "tm",
      own,
    );
    expect(list).toBe(`tm=${own},${long},${long.replace("long", "lang")}`);
  });

  it("may be wider by policy", () => {
    const list = Array.from({ length: 6 }, (_, at) => `${at}${short}`).join(",");
    expect(limitTracestate(list, 1024)).toBe(list);
    expect(putMemberFirst(list, "tm", "1", 1024)).toBe(`tm=1,${list}`);
  });
});
