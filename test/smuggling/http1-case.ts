/** What a row of the HTTP/1.1 tables is. */

export interface Http1Case {
  readonly name: string;
  /** One character for each byte. */
  readonly bytes: string;
  /** The status that is answered before the connection ends; nothing reaches the service. */
  readonly refused?: number;
  /** The connection ends with the last answer: what came behind is not read. */
  readonly ends?: boolean;
  /** What the service reads, request by request: request line, fields by name, an empty line where a body follows. */
  readonly arrives?: readonly (readonly string[])[];
}

/** A request that must never be seen as one. */
export const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

export const get = (fields: string, target = "/"): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

export const post = (fields: string, body = ""): string => `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n${body}`;

export const chunked = (body: string): string => post("Transfer-Encoding: chunked\r\n", body);

export const refused = (status: number, rows: Readonly<Record<string, string>>): readonly Http1Case[] =>
  Object.entries(rows).map(([name, bytes]) => ({ name, bytes, refused: status }));

export const arrives = (
  rows: Readonly<Record<string, readonly [bytes: string, ...arrived: (readonly string[])[]]>>,
): readonly Http1Case[] =>
  Object.entries(rows).map(([name, [bytes, ...arrived]]) => ({ name, bytes, arrives: arrived }));

export const arrivesLast = (rows: Parameters<typeof arrives>[0]): readonly Http1Case[] =>
  arrives(rows).map((row) => ({ ...row, ends: true }));
