/** One HTTP/1.1 request written byte for byte: names, blanks and duplicates reach the server as they are given. */
import { connect } from "node:net";
import type { FieldLines } from "@tracemend/context";

export interface RawAnswer {
  readonly status: number;
  readonly body: string;
}

/** Sends `GET /` with these lines and reads the answer to its end: the connection closes behind it. */
export function rawRequest(port: number, lines: FieldLines): Promise<RawAnswer> {
  const fields: string[] = [];
  for (let at = 0; at + 1 < lines.length; at += 2) fields.push(`${lines[at]}: ${lines[at + 1]}\r\n`);
  const head = `GET / HTTP/1.1\r\nHost: example\r\n${fields.join("")}Connection: close\r\n\r\n`;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => socket.write(head, "latin1"));
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.once("error", reject);
    socket.once("close", () => {
      const [answer = "", ...body] = Buffer.concat(chunks).toString("latin1").split("\r\n\r\n");
      resolve({ status: Number(answer.split(" ", 2)[1]), body: body.join("\r\n\r\n") });
    });
  });
}
