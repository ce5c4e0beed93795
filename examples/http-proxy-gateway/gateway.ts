/** The gateway and the service behind it, on loopback. */
import type { RequestListener } from "node:http";
import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { ProxyServer } from "http-proxy-3";

export interface Running {
  readonly url: string;
  readonly close: () => void;
}

async function serve(listener: RequestListener): Promise<Running> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

/** Answers with the header lines it was called with. */
export function startOrders(): Promise<Running> {
  return serve((incoming, response) => response.end(JSON.stringify(incoming.rawHeaders)));
}

/** A gateway that keeps its connections open; `prepare` gets the proxy before it forwards anything. */
export function startGateway(target: string, prepare: (proxy: ProxyServer) => void): Promise<Running> {
  const proxy = new ProxyServer({ target, agent: new Agent({ keepAlive: true }) });
  prepare(proxy);
  return serve((incoming, response) => proxy.web(incoming, response));
}

/** One request with raw header lines; the lines that arrived behind the gateway. */
export async function ask(url: string, lines: readonly string[]): Promise<readonly string[]> {
  const text = await new Promise<string>((resolve, reject) => {
    const sent = request(url, { headers: ["host", new URL(url).host, ...lines] }, (answer) => {
      let body = "";
      answer.on("data", (chunk) => (body += String(chunk)));
      answer.on("end", () => resolve(body));
    });
    sent.on("error", reject);
    sent.end();
  });
  return JSON.parse(text) as readonly string[];
}
