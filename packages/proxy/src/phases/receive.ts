/** First phase: may this request be passed on at all, and can no two readers disagree about where it goes and ends? */
import type { Exchange } from "../exchange.ts";
import type { Failure } from "../failure.ts";
import { failureOf } from "../failure.ts";
import { isGrpc } from "../grpc.ts";
import type { RequestHead } from "../plane/plane.ts";
import { LINE_BYTES } from "../plane/http2-settings.ts";
import { readDestination } from "../request-target.ts";

export function receive(exchange: Exchange): Failure | undefined {
  const { head } = exchange.caller;
  const { limits } = exchange.site;
  // A status of 200 would open the tunnel that it refuses.
  exchange.grpc = head.method !== "CONNECT" && isGrpc(head.lines);
  if (head.target.length > limits.targetBytes) return failureOf("target-too-long");
  if (head.version === "2" && listBytes(head) > limits.headBytes) return failureOf("head-too-large");
  const destination = readDestination(head);
  if (destination.kind === "violation") return failureOf("bad-request", { text: `bad request: ${destination.text}` });
  if (destination.kind === "not-implemented") return failureOf("not-implemented", { text: destination.text });
  exchange.authority = destination.authority;
  exchange.target = destination.target;
  if (head.violation !== undefined) return failureOf("bad-request", { text: `bad request: ${head.violation}` });
  exchange.body = head.body;
  return head.bodyBytes > limits.bodyBytes ? failureOf("body-too-large") : undefined;
}

/** As HTTP/2 counts, so that the limit is the one its SETTINGS announce. HTTP/1 parsers count for themselves. */
function listBytes({ lines, method, target, authority }: RequestHead): number {
  let bytes = method.length + target.length + (authority?.length ?? 0);
  for (let at = 0; at < lines.length; at += 1) bytes += (lines[at] as string).length;
  return bytes + (lines.length / 2) * LINE_BYTES;
}
