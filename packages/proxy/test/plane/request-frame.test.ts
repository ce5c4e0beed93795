import { describe, expect, it } from "vitest";
import { readRequestFrame } from "../../src/plane/request-frame.ts";

describe("the framing of an HTTP/1 request", () => {
  it.each([
    [[], "none"],
    [["Content-Length", "0"], "none"],
    [["Content-Length", "12"], "sized"],
    [["transfer-encoding", "Chunked"], "unsized"],
  ])("%j has the body %s", (lines, body) => {
    expect(readRequestFrame(lines, "1.1")).toMatchObject({ body, violation: undefined });
  });

  it.each([
    [["Content-Length", "1", "content-length", "1"]],
    [["Content-Length", "1", "Transfer-Encoding", "chunked"]],
    [["Content-Length", "+1"]],
    [["Content-Length", ""]],
    [["Content-Length", "1, 1"]],
    [["Content-Length", "0x1"]],
    [["Content-Length", "9".repeat(16)]],
    [["Transfer-Encoding", ""]],
    [["Transfer-Encoding", "gzip, chunked"]],
    [["Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked"]],
    [["Transfer-Encoding", "xchunked"]],
  ])("%j is refused: two readers could see two ends", (lines) => {
    expect(readRequestFrame(lines, "1.1")).toMatchObject({ body: "none", violation: expect.any(String) });
  });

  it("knows no Transfer-Encoding in HTTP/1.0", () => {
    const { violation } = readRequestFrame(["Transfer-Encoding", "chunked"], "1.0");
    expect(violation).toBe("Transfer-Encoding in HTTP/1.0");
  });

  it.each([
    ["1.1", [], true],
    ["1.1", ["Connection", "close"], false],
    ["1.1", ["Connection", "keep-alive"], true],
    ["1.1", ["Connection", "Upgrade, Close"], false],
    ["1.1", ["Connection", "close", "connection", "keep-alive"], false],
    ["1.1", ["Connection", "x-own"], true],
    ["1.0", [], false],
    ["1.0", ["Connection", "Keep-Alive"], true],
    ["1.0", ["Connection", "keep-alive", "Connection", "close"], false],
  ])("over HTTP/%s with %j keeps the connection: %s", (version, lines, keep) => {
    expect(readRequestFrame(lines, version).keep).toBe(keep);
  });

  it.each([
    ["1.1", ["Expect", "100-Continue"], true],
    ["1.0", ["Expect", "100-continue"], false],
    ["1.1", ["Expect", "something"], false],
  ])("over HTTP/%s with %j waits for 100: %s", (version, lines, expects) => {
    expect(readRequestFrame(lines, version).expects).toBe(expects);
  });

  it.each([
    [["Connection", "Upgrade", "Upgrade", "WebSocket"], "websocket"],
    [["Upgrade", "websocket"], undefined],
    [["Connection", "keep-alive", "Upgrade", "websocket"], undefined],
    [["Connection", "keep-alive, upgrade", "Upgrade", "h2c"], "h2c"],
    [["Connection", "upgrade"], undefined],
  ])("with %j would rather speak %s", (lines, upgrade) => {
    expect(readRequestFrame(lines, "1.1").upgrade).toBe(upgrade);
  });
});
