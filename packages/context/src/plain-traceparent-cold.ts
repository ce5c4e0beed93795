/** The question whether a `traceparent` is plain, for whoever asks it between much else. */
import { TRACEPARENT_LENGTH } from "./traceparent.ts";

/** What may stand at a place, one bit each, and of which id a digit is there. */
const HEX = 0x01;
const DASH_ONLY = 0x02;
const ZERO_ONLY = 0x04;
const FLAGS_ONLY = 0x08;
const OF_TRACE_ID = 0x10;
const OF_PARENT_ID = 0x20;

const PLACES = Uint8Array.from({ length: TRACEPARENT_LENGTH }, (_, at) => {
  if (at === 2 || at === 35 || at === 52) return DASH_ONLY;
  if (at < 2 || at === 53) return ZERO_ONLY;
  return at === 54 ? FLAGS_ONLY : HEX | (at < 35 ? OF_TRACE_ID : OF_PARENT_ID);
});

/** Of a character: where it may not stand, and that it makes an id other than zero. */
const CHARACTERS = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  const notHex = /[0-9a-f]/.test(character) ? 0 : HEX;
  const notFlags = /[0-3]/.test(character) ? 0 : FLAGS_ONLY;
  const notDash = character === "-" ? 0 : DASH_ONLY;
  const notZero = character === "0" ? 0 : ZERO_ONLY | OF_TRACE_ID | OF_PARENT_ID;
  return notHex | notFlags | notDash | notZero;
});

/**
 * The same as `isPlainTraceparent` by less machine code, at twice its time: a service does so much between two requests that
 * to fetch the code costs more than to run it.
 */
export function isPlainTraceparentCold(value: string): boolean {
  if (value.length !== TRACEPARENT_LENGTH) return false;
  let found = 0;
  let codes = 0;
  for (let at = 0; at < TRACEPARENT_LENGTH; at += 1) {
    const code = value.charCodeAt(at);
    codes |= code;
    found |= (CHARACTERS[code & 0x7f] as number) & (PLACES[at] as number);
  }
  return codes < 0x80 && found === (OF_TRACE_ID | OF_PARENT_ID);
}
