/** A service that costs next to nothing: a process of its own that answers every head with that head as the body. */
import { fork } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

const FIELDS =
  "Content-Type: text/plain\r\nCache-Control: no-store\r\nDate: Sun, 22 Nov 2026 00:00:00 GMT\r\nServer: origin\r\nX-A: 1\r\nVary: Accept\r\n";

export async function startOrigin(): Promise<{ port: number; stop(): void }> {
  const child = fork(fileURLToPath(import.meta.url), ["serve"]);
  const port = await new Promise<number>((resolve) => child.once("message", (message) => resolve(Number(message))));
  return { port, stop: () => child.kill() };
}

function serve(): void {
  const server = createServer({ noDelay: true }, (socket) => {
    let text = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      text += chunk;
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const head = text.slice(0, end);
        const rest = lengthOfBody(head, text.slice(end + 4));
        if (rest < 0) return;
        socket.write(`HTTP/1.1 200 OK\r\n${FIELDS}Content-Length: ${head.length}\r\n\r\n${head}`, "latin1");
        text = text.slice(end + 4 + rest);
      }
    });
    socket.on("error", () => socket.destroy());
  });
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
}

/** How much of `text` is the body; -1 where it is not all there. */
function lengthOfBody(head: string, text: string): number {
  if (/\r\ntransfer-encoding: chunked/i.test(head)) {
    const end = text.indexOf("0\r\n\r\n");
    return end < 0 ? -1 : end + 5;
  }
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
  return text.length < length ? -1 : length;
}

if (process.argv[2] === "serve") serve();
