/** First phase: may this request be passed on at all, and can no two readers disagree about where it goes and ends? */
import { findField } from "@tracemend/context";
import type { Exchange } from "../exchange.ts";
import type { Failure } from "../failure.ts";
import { failureOf } from "../failure.ts";
import { readFraming } from "../framing.ts";
import { isGrpc } from "../grpc.ts";
import { readDestination } from "../request-target.ts";

export function receive(exchange: Exchange): Failure | undefined {
  const { head } = exchange.caller;
  exchange.grpc = isGrpc(head.lines);
  const destination = readDestination(head);
  if (destination.kind === "violation") return failureOf("bad-request", { text: `bad request: ${destination.text}` });
  if (destination.kind === "not-implemented") return failureOf("not-implemented", { text: destination.text });
  exchange.authority = destination.authority;
  exchange.target = destination.target;
  if (head.version === "2") {
    if (!head.ended) exchange.body = findField(head.lines, "content-length") < 0 ? "unsized" : "sized";
    return undefined;
  }
  const framing = readFraming(head.lines, head.version);
  if ("violation" in framing) return failureOf("bad-request", { text: `bad request: ${framing.violation}` });
  exchange.body = framing.body;
  return undefined;
}
