/** Load without an HTTP client's own cost: one request text, sent again on each connection as its answer is complete. */
import { connect } from "node:net";

export interface Load {
  readonly answers: number;
  /** The body of the last answer. */
  readonly echoed: string;
}

export async function load(port: number, request: string, connections: number, requests: number): Promise<Load> {
  const bytes = Buffer.from(request, "latin1");
  let left = requests;
  let answers = 0;
  let echoed = "";
  const run = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      let text = "";
      const next = (): void => {
        if (left === 0) {
          socket.end();
          resolve();
          return;
        }
        left -= 1;
        socket.write(bytes);
      };
      socket.setEncoding("latin1");
      socket.on("data", (chunk: string) => {
        text += chunk;
        const end = text.indexOf("\r\n\r\n");
        if (end < 0) return;
        const length = Number(/\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))?.[1]);
        if (!(text.length >= end + 4 + length)) return;
        if (!text.startsWith("HTTP/1.1 200")) return reject(new Error(text.slice(0, end)));
        answers += 1;
        echoed = text.slice(end + 4);
        text = "";
        next();
      });
      socket.once("error", reject);
      socket.once("connect", next);
    });
  await Promise.all(Array.from({ length: connections }, run));
  return { answers, echoed };
}
