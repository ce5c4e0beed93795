/** The conformance suite for HTTP/2 servers against our own listener, with every case that fails by name and reason. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { peerOrReason } from "../support/peer.ts";
import { openBorder } from "./border.ts";

const LENIENT = "nghttp2 ignores frames on streams it has forgotten; nothing of them reaches a request";
const NO_PRIORITY = "RFC 9113 gave up priorities, and nghttp2 with it";

/** Each with why it stands. */
const DEVIATIONS: Readonly<Record<string, string>> = {
  "http2/6.7: Sends a PING frame with ACK": "node:http2 ends a connection that acknowledges what it was not sent",
  "http2/6.9.1: Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream":
    "nghttp2 ends the connection with FLOW_CONTROL_ERROR, not the stream alone",
  "http2/3.5: Sends invalid connection preface":
    "the port speaks HTTP/1.1 too: what begins like no preface gets its 400",
  "http2/5.1: closed: Sends a DATA frame after sending RST_STREAM frame": LENIENT,
  "http2/5.1: closed: Sends a HEADERS frame after sending RST_STREAM frame": LENIENT,
  "http2/5.1: closed: Sends a DATA frame": LENIENT,
  "http2/5.1: closed: Sends a HEADERS frame": LENIENT,
  "http2/5.1.1: Sends stream identifier that is numerically smaller than previous": LENIENT,
  "http2/5.3.1: Sends PRIORITY frame that depend on itself": NO_PRIORITY,
  "http2/6.3: Sends a PRIORITY frame with 0x0 stream identifier": NO_PRIORITY,
};

const h2spec = peerOrReason("h2spec");

describe("h2spec", () => {
  it.skipIf(h2spec === undefined)(
    "passes but for the cases whose reasons are known",
    { timeout: 120_000 },
    async () => {
      // Cases send frames behind a finished request and mean a stream still half closed: the answer waits until they are in.
      const server = createServer((request, response) =>
        request.resume().once("end", () => setTimeout(() => response.end("hello"), 100)),
      );
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const border = await openBorder(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      const folder = mkdtempSync(join(tmpdir(), "h2spec-"));
      const file = join(folder, "report.xml");
      const options = ["-h", "127.0.0.1", "-p", String(border.port), "-o", "3", "-j", file];
      await new Promise<void>((resolve) => {
        execFile(h2spec as string, options, { maxBuffer: 2 ** 26 }, () => resolve());
      });
      // It writes bytes of frames into what should be XML.
      const report = readFileSync(file, "latin1");
      rmSync(folder, { recursive: true });
      const failed = [...report.matchAll(/package="([^"]*)" classname="([^"]*)"[^>]*>\s*<(?:error|failure)>/g)];
      expect(report.match(/<testcase /g)?.length).toBe(145);
      expect(failed.map(([, section, name]) => `${section}: ${name}`).toSorted()).toEqual(
        Object.keys(DEVIATIONS).toSorted(),
      );
      await border.close();
      server.closeAllConnections();
      server.close();
    },
  );
});
