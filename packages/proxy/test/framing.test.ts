import { describe, expect, it } from "vitest";
import { readFraming } from "../src/framing.ts";

describe("the framing of an HTTP/1 request", () => {
  it.each([
    [[], "none"],
    [["Content-Length", "0"], "none"],
    [["Content-Length", "12"], "sized"],
    [["transfer-encoding", "Chunked"], "unsized"],
  ])("%j has the body %s", (lines, body) => {
    expect(readFraming(lines, "1.1")).toEqual({ body });
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
    expect(readFraming(lines, "1.1")).toHaveProperty("violation");
  });

  it("knows no Transfer-Encoding in HTTP/1.0", () => {
    expect(readFraming(["Transfer-Encoding", "chunked"], "1.0")).toHaveProperty("violation");
  });
});
