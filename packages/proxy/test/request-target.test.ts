import { describe, expect, it } from "vitest";
import type { RequestHead } from "../src/plane/plane.ts";
import { readDestination } from "../src/request-target.ts";

function head(target: string, lines: readonly string[], more: Partial<RequestHead> = {}): RequestHead {
  return {
    method: "GET",
    target,
    version: "1.1",
    scheme: "http",
    authority: undefined,
    lines,
    body: "none",
    bodyBytes: 0,
    violation: undefined,
    upgrade: undefined,
    ...more,
  };
}

describe("the destination of a request", () => {
  it("is the path and the Host of HTTP/1.1", () => {
    const ok = { kind: "ok", authority: "a.example:8080", target: "/x?y" };
    expect(readDestination(head("/x?y", ["Host", "a.example:8080"]))).toEqual(ok);
  });

  it("is :authority in HTTP/2, which a Host may repeat but not contradict", () => {
    const more = { version: "2", authority: "a.example" };
    expect(readDestination(head("/", [], more))).toMatchObject({ kind: "ok", authority: "a.example" });
    expect(readDestination(head("/", ["host", "a.example"], more)).kind).toBe("ok");
    expect(readDestination(head("/", ["host", "A.EXAMPLE"], more)).kind).toBe("ok");
    expect(readDestination(head("/", ["host", "b.example"], more)).kind).toBe("violation");
  });

  it("is the target's own authority in absolute form, whatever Host says", () => {
    const found = readDestination(head("HTTP://a.example/x", ["Host", "b.example"]));
    expect(found).toEqual({ kind: "ok", authority: "a.example", target: "/x" });
    const bare = readDestination(head("http://a.example?q", ["Host", "b"]));
    expect(bare).toEqual({ kind: "ok", authority: "a.example", target: "/?q" });
  });

  it.each(["a", "a.b:80", "a:", "[::1]", "[::1]:8080", "1.2.3.4", "a_b-c.d~e"])("may be %s", (authority) => {
    expect(readDestination(head("/", ["Host", authority]))).toEqual({ kind: "ok", authority, target: "/" });
  });

  it("is * for OPTIONS alone", () => {
    expect(readDestination(head("*", ["Host", "a"], { method: "OPTIONS" })).kind).toBe("ok");
    expect(readDestination(head("*", ["Host", "a"])).kind).toBe("violation");
  });

  it.each([
    ["no Host", "/", []],
    ["two Hosts", "/", ["Host", "a", "host", "a"]],
    ["an empty Host", "/", ["Host", ""]],
    ["user information", "/", ["Host", "good@evil"]],
    ["user information in the target", "http://good@evil/", ["Host", "evil"]],
    ["a path in Host", "/", ["Host", "a/b"]],
    ["a blank in Host", "/", ["Host", "a b"]],
    ["a comma list in Host", "/", ["Host", "a,b c"]],
    ["two ports", "/", ["Host", "a:1:2"]],
    ["a port beyond 65535", "/", ["Host", "a:65536"]],
    ["an escape in Host", "/", ["Host", "a%2fb"]],
    ["text behind a bracket", "/", ["Host", "[::1]a"]],
    ["a bracket around no address", "/", ["Host", "[a]"]],
    ["a line end in the target", "/\r\nX: 1", ["Host", "a"]],
    ["a fragment", "/#x", ["Host", "a"]],
    ["another scheme", "ftp://a/", ["Host", "a"]],
    ["no form at all", "x", ["Host", "a"]],
  ])("is refused with %s", (_what, target, lines) => {
    expect(readDestination(head(target, lines)).kind).toBe("violation");
  });

  it("is refused in another version", () => {
    expect(readDestination(head("/", ["Host", "a"], { version: "2.0" })).kind).toBe("violation");
    expect(readDestination(head("/", ["Host", "a"], { version: "0.9" })).kind).toBe("violation");
  });

  it("of CONNECT is host and port of the target, whatever Host says, and no path", () => {
    const tunnel = { method: "CONNECT", upgrade: "tcp" } as const;
    for (const authority of ["a.example:443", "[::1]:8443", "10.0.0.1:65535"]) {
      const ok = { kind: "ok", authority, target: "" };
      expect(readDestination(head(authority, ["Host", "proxy.example"], tunnel))).toEqual(ok);
      expect(readDestination(head(authority, [], { ...tunnel, version: "1.0" }))).toEqual(ok);
      expect(readDestination(head(authority, [], { ...tunnel, version: "2", authority }))).toEqual(ok);
    }
    const contradicted = head("a:1", ["host", "b:1"], { ...tunnel, version: "2", authority: "a:1" });
    expect(readDestination(contradicted).kind).toBe("violation");
  });

  it.each(["a", "a:", "a:0", "a:01", "a:65536", "a:x", ":443", "[::1]", "::1:443", "u@a:443", "a:1,b:1", "/", "*", ""])(
    "of CONNECT is not %j",
    (target) => {
      const more = { method: "CONNECT", upgrade: "tcp" };
      expect(readDestination(head(target, ["Host", "a:443"], more)).kind).toBe("violation");
    },
  );

  it("of CONNECT is refused where a body came with it, and where another protocol is asked for", () => {
    expect(readDestination(head("a:443", ["Host", "a:443"], { method: "CONNECT" })).kind).toBe("violation");
    const extended = { method: "CONNECT", version: "2", authority: "a" };
    expect(readDestination(head("/", [], extended)).kind).toBe("not-implemented");
  });
});
