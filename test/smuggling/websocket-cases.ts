/** What a WebSocket must carry, whether or not it makes sense to the other side. */
import { deflateRawSync } from "node:zlib";
import type { WebSocketFrame } from "../support/websocket.ts";
import { OPCODE } from "../support/websocket.ts";

const utf8 = Buffer.from("κόσμε 👋").toString("latin1");
const deflated = deflateRawSync("hello hello hello hello").toString("latin1");

export const MESSAGES: Readonly<Record<string, readonly WebSocketFrame[]>> = {
  "an empty text": [{ opcode: OPCODE.text, payload: "" }],
  "a text of 125, 126 and 65 535 bytes": [125, 126, 65_535].map((length) => ({
    opcode: OPCODE.text,
    payload: "x".repeat(length),
  })),
  "a binary whose length takes 64 bits": [{ opcode: OPCODE.binary, payload: "\xff\x00\r\n".repeat(20_000) }],
  "a message in fragments": [
    { opcode: OPCODE.text, payload: "one ", fin: false },
    { opcode: OPCODE.more, payload: "", fin: false },
    { opcode: OPCODE.more, payload: "two" },
  ],
  "control frames between fragments": [
    { opcode: OPCODE.text, payload: "one ", fin: false },
    { opcode: OPCODE.ping, payload: "are you there?" },
    { opcode: OPCODE.more, payload: "two ", fin: false },
    { opcode: OPCODE.pong, payload: "unasked" },
    { opcode: OPCODE.more, payload: "three" },
  ],
  "UTF-8 whose characters are split over frames": Array.from(utf8, (payload, at) => ({
    opcode: at === 0 ? OPCODE.text : OPCODE.more,
    payload,
    fin: at === utf8.length - 1,
  })),
  "UTF-8 that is none": [{ opcode: OPCODE.text, payload: "\xce\xba\xed\xa0\x80" }],
  "a compressed message": [{ opcode: OPCODE.text, payload: deflated, compressed: true }],
  "a ping with the most that it may carry": [{ opcode: OPCODE.ping, payload: "p".repeat(125) }],
  "a close with a code and a reason": [{ opcode: OPCODE.close, payload: `\x03\xe8${utf8}` }],
  "a close with a code that nobody may send": [{ opcode: OPCODE.close, payload: "\x03\xed" }],
  "a frame with reserved bits and an opcode that is none": [{ opcode: 0x3b, payload: "odd" }],
};
