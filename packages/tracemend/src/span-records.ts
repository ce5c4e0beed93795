/** The spans of a crossing as records, for those who look at them before they are bytes. */
import type { OwnSpans } from "@tracemend/context";
import type { AttributeName, AttributeValue, FixedAttributes, SpanPen, SpanRecord } from "@tracemend/otlp";
import type { Passed } from "@tracemend/proxy";
import { writeSpans } from "./spans.ts";

export function spansOf(crossing: Passed, spans: OwnSpans): readonly SpanRecord[] {
  const pen = createRecordPen();
  writeSpans(pen, crossing, spans);
  return pen.records;
}

interface RecordPen extends SpanPen {
  /** The spans that were told whole. */
  readonly records: readonly SpanRecord[];
}

function createRecordPen(): RecordPen {
  const records: SpanRecord[] = [];
  let attributes: Record<string, AttributeValue> = {};
  let links: NonNullable<SpanRecord["links"]>[number][] = [];
  let span: Partial<{ -readonly [Field in keyof SpanRecord]: SpanRecord[Field] }> = {};
  const put = ({ name }: AttributeName, value: AttributeValue): void => void (attributes[name] = value);
  return {
    records,
    open(traceId, spanId) {
      attributes = {};
      links = [];
      span = { traceId, spanId, attributes };
    },
    tracestate: (value) => void (span.tracestate = value),
    parent: (spanId) => void (span.parentSpanId = spanId),
    what: (name, kind, startMs, endMs) => void Object.assign(span, { name, kind, startMs, endMs }),
    text: put,
    number: put,
    flag: put,
    fixed: (fixed: FixedAttributes) => void Object.assign(attributes, fixed.attributes),
    link(link) {
      links.push(link);
      span.links = links;
    },
    status: (code, message) => void (span.status = message === undefined ? { code } : { code, message }),
    flags: (bits) => void (span.flags = bits),
    close: () => void records.push(span as SpanRecord),
  };
}
