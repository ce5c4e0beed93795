/** Between the clusters: a gateway that forwards an allow-list of headers. `traceparent` is not on it. */
import { createServer } from "node:http";
import { createProxyServer } from "http-proxy-3";
import { listen } from "./listen.ts";

const ALLOWED = new Set([
  "host",
  "connection",
  "accept",
  "accept-encoding",
  "accept-language",
  "authorization",
  "cookie",
  "content-encoding",
  "content-length",
  "content-type",
  "transfer-encoding",
  "user-agent",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
  "x-request-id",
]);

const gateway = createProxyServer({ target: process.env["TARGET_URL"] as string, xfwd: true });

gateway.on("proxyReq", (request) => {
  for (const name of request.getHeaderNames()) if (!ALLOWED.has(name)) request.removeHeader(name);
});

gateway.on("error", (_error, _request, response) => {
  if ("writeHead" in response) response.writeHead(502).end("the gateway cannot reach its target\n");
});

listen(createServer((request, response) => gateway.web(request, response)));
