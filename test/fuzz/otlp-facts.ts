/** What a request tells, as plain data: by the reference decoder, and by the views over its bytes. */
import { Buffer } from "node:buffer";
import { type Batch, forEachSpan, type SpanView } from "@tracemend/otlp";
import type { MessageType } from "../../packages/otlp/src/wire/fields.ts";
import type { Message } from "../../packages/otlp/test/support/reference.ts";

export interface Pair {
  key?: string;
  value?: Message;
}

export const list = (message: Message | undefined, field: string): Message[] => (message?.[field] ?? []) as Message[];

function valueOf(pairs: readonly Pair[], key: string): unknown {
  const value = pairs.find((pair) => (pair.key ?? "") === key)?.value ?? {};
  if (value["intValue"] !== undefined) return Number(value["intValue"]);
  return value["stringValue"] ?? value["boolValue"] ?? value["doubleValue"];
}

export const hexOf = (value: unknown): string => Buffer.from((value ?? "") as string, "base64").toString("hex");
const keys = ["service.name", "http.route", "größe", "", "absent"];

/** One span as the reference tells it. */
function spanFacts(span: Message, resource: Message | undefined): unknown {
  const status = span["status"] as Message | undefined;
  return {
    ids: [span["traceId"], span["spanId"], span["parentSpanId"]].map((id) => hexOf(id)),
    texts: [span["name"], span["traceState"], status?.["message"]].map((text) => text ?? ""),
    numbers: [span["kind"], span["flags"], status?.["code"]].map((number) => number ?? 0),
    times: [span["startTimeUnixNano"], span["endTimeUnixNano"]].map((time) => time ?? "0"),
    attributes: keys.map((key) => valueOf(list(span, "attributes"), key)),
    resource: keys.map((key) => valueOf(list(resource, "attributes"), key)),
    links: list(span, "links").map((link) => [hexOf(link["traceId"]), hexOf(link["spanId"]), link["traceState"] ?? ""]),
  };
}

/** One span as the view tells it. */
function viewFacts(view: SpanView): unknown {
  return {
    ids: [view.traceId(), view.spanId(), view.parentSpanId()],
    texts: [view.name(), view.tracestate(), view.statusMessage()],
    numbers: [view.kind(), view.flags(), view.statusCode()],
    times: [String(view.startUnixNano()), String(view.endUnixNano())],
    attributes: keys.map((key) => view.attribute(key)),
    resource: keys.map((key) => view.resourceAttribute(key)),
    links: view.links().map((link) => [link.traceId, link.spanId, link.tracestate]),
  };
}

export function spansOf(request: Message): unknown[] {
  return list(request, "resourceSpans").flatMap((envelope) =>
    list(envelope, "scopeSpans").flatMap((scope) =>
      list(scope, "spans").map((span) => spanFacts(span, envelope["resource"] as Message | undefined)),
    ),
  );
}

export function viewsOf(batch: Batch): unknown[] {
  const seen: unknown[] = [];
  forEachSpan(batch, (view) => seen.push(viewFacts(view)));
  return seen;
}

/** Every item with the envelopes it stands in, their other items left out. */
export function itemsOf(type: MessageType, message: Message, path: readonly unknown[] = []): unknown[] {
  const around = { ...message };
  const inner = type.fields.filter((field) => field?.envelops && message[field.name] !== undefined);
  for (const field of inner) delete around[field!.name];
  return inner.flatMap((field) => {
    const children = field!.repeated ? (message[field!.name] as Message[]) : [message[field!.name] as Message];
    return children.flatMap((child) => {
      const place = [...path, around, field!.name];
      return field!.message!.item ? [[...place, child]] : itemsOf(field!.message!, child, place);
    });
  });
}
