/** The Export…ServiceResponse message: was everything taken, and if not, how much was rejected and why. */

import { Cursor, readInt64 } from "./wire/cursor.ts";
import { messageTypes } from "./wire/fields.ts";
import { proveFraming, type WireDefect } from "./wire/framing.ts";
import { decodeUtf8 } from "./wire/utf8.ts";
import { Writer } from "./wire/writer.ts";

/** `partial_success`: 0 rejected with a message is a warning, 0 without one is full success. */
export interface PartialSuccess {
  readonly rejected: number;
  readonly message: string;
}

export type ExportResponseReading =
  | ({ readonly kind: "response" } & PartialSuccess)
  | { readonly kind: "malformed"; readonly defect: WireDefect };

/** Without an argument the response of full success, which has no bytes. */
export function encodeExportResponse(partial: PartialSuccess = { rejected: 0, message: "" }): Uint8Array {
  const writer = new Writer();
  if (partial.message !== "") writer.stringField(2, partial.message);
  if (partial.rejected > 0) writer.varintField(1, partial.rejected);
  // OTLP: the server leaves the field unset when everything was accepted.
  if (writer.length > 0) writer.wrap(1, 0);
  return writer.finish();
}

/** A negative count is read as 0. */
export function decodeExportResponse(bytes: Uint8Array): ExportResponseReading {
  const framing = proveFraming(messageTypes.ExportResponse, bytes);
  if (framing.kind === "malformed") return framing;
  let rejected = 0;
  let message = "";
  const response = new Cursor().open(bytes, 0, bytes.length);
  const partial = new Cursor();
  while (response.next()) {
    if (response.field !== 1) continue;
    partial.open(bytes, response.start, response.stop);
    while (partial.next()) {
      if (partial.field === 1) rejected = Math.max(0, Number(readInt64(bytes, partial.start)));
      else if (partial.field === 2) message = decodeUtf8(bytes, partial.start, partial.stop);
    }
  }
  return { kind: "response", rejected, message };
}
