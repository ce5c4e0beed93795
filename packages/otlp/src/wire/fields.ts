/** The messages of OTLP 1.11 as data: every field's number, JSON name and type, for all code that walks bytes. */

/** Value names by number, as proto3-JSON spells them. OTLP/JSON writes numbers; these are only for reading. */
const enums = {
  SpanKind: prefixed("SPAN_KIND_", ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"]),
  StatusCode: prefixed("STATUS_CODE_", ["UNSET", "OK", "ERROR"]),
  AggregationTemporality: prefixed("AGGREGATION_TEMPORALITY_", ["UNSPECIFIED", "DELTA", "CUMULATIVE"]),
  SeverityNumber: prefixed("SEVERITY_NUMBER_", [
    "UNSPECIFIED",
    ...["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"].flatMap((word) => [
      word,
      `${word}2`,
      `${word}3`,
      `${word}4`,
    ]),
  ]),
} as const;

function prefixed(prefix: string, words: readonly string[]): readonly string[] {
  return words.map((word) => prefix + word);
}

/**
 * "number name type", separated by ";". "*" after the type: repeated. "|" before the name: member of the message's
 * oneof. ">": what it holds are items, or envelopes of items. traceId and spanId are bytes that JSON writes as
 * hexadecimal digits.
 */
const definitions = {
  Traces: "1 >resourceSpans ResourceSpans*",
  ResourceSpans: "1 resource Resource; 2 >scopeSpans ScopeSpans*; 3 schemaUrl string",
  ScopeSpans: "1 scope InstrumentationScope; 2 >spans Span*; 3 schemaUrl string",
  Span: `
    1 traceId traceId; 2 spanId spanId; 3 traceState string; 4 parentSpanId spanId; 5 name string; 6 kind SpanKind;
    7 startTimeUnixNano fixed64; 8 endTimeUnixNano fixed64; 9 attributes KeyValue*; 10 droppedAttributesCount uint32;
    11 events Event*; 12 droppedEventsCount uint32; 13 links Link*; 14 droppedLinksCount uint32; 15 status SpanStatus;
    16 flags fixed32`,
  Event: "1 timeUnixNano fixed64; 2 name string; 3 attributes KeyValue*; 4 droppedAttributesCount uint32",
  Link: `
    1 traceId traceId; 2 spanId spanId; 3 traceState string; 4 attributes KeyValue*; 5 droppedAttributesCount uint32;
    6 flags fixed32`,
  SpanStatus: "2 message string; 3 code StatusCode",

  Resource: "1 attributes KeyValue*; 2 droppedAttributesCount uint32; 3 entityRefs EntityRef*",
  EntityRef: "1 schemaUrl string; 2 type string; 3 idKeys string*; 4 descriptionKeys string*",
  InstrumentationScope: "1 name string; 2 version string; 3 attributes KeyValue*; 4 droppedAttributesCount uint32",
  KeyValue: "1 key string; 2 value AnyValue; 3 keyStrindex int32",
  AnyValue: `
    1 |stringValue string; 2 |boolValue bool; 3 |intValue int64; 4 |doubleValue double; 5 |arrayValue ArrayValue;
    6 |kvlistValue KeyValueList; 7 |bytesValue bytes; 8 |stringValueStrindex int32`,
  ArrayValue: "1 values AnyValue*",
  KeyValueList: "1 values KeyValue*",

  Logs: "1 >resourceLogs ResourceLogs*",
  ResourceLogs: "1 resource Resource; 2 >scopeLogs ScopeLogs*; 3 schemaUrl string",
  ScopeLogs: "1 scope InstrumentationScope; 2 >logRecords LogRecord*; 3 schemaUrl string",
  LogRecord: `
    1 timeUnixNano fixed64; 2 severityNumber SeverityNumber; 3 severityText string; 5 body AnyValue;
    6 attributes KeyValue*; 7 droppedAttributesCount uint32; 8 flags fixed32; 9 traceId traceId; 10 spanId spanId;
    11 observedTimeUnixNano fixed64; 12 eventName string`,

  Metrics: "1 >resourceMetrics ResourceMetrics*",
  ResourceMetrics: "1 resource Resource; 2 >scopeMetrics ScopeMetrics*; 3 schemaUrl string",
  ScopeMetrics: "1 scope InstrumentationScope; 2 >metrics Metric*; 3 schemaUrl string",
  Metric: `
    1 name string; 2 description string; 3 unit string; 5 |>gauge Gauge; 7 |>sum Sum; 9 |>histogram Histogram;
    10 |>exponentialHistogram ExponentialHistogram; 11 |>summary Summary; 12 metadata KeyValue*`,
  Gauge: "1 >dataPoints NumberDataPoint*",
  Sum: "1 >dataPoints NumberDataPoint*; 2 aggregationTemporality AggregationTemporality; 3 isMonotonic bool",
  Histogram: "1 >dataPoints HistogramDataPoint*; 2 aggregationTemporality AggregationTemporality",
  ExponentialHistogram: "1 >dataPoints ExponentialHistogramDataPoint*; 2 aggregationTemporality AggregationTemporality",
  Summary: "1 >dataPoints SummaryDataPoint*",
  NumberDataPoint: `
    2 startTimeUnixNano fixed64; 3 timeUnixNano fixed64; 4 |asDouble double; 5 exemplars Exemplar*; 6 |asInt sfixed64;
    7 attributes KeyValue*; 8 flags uint32`,
  HistogramDataPoint: `
    2 startTimeUnixNano fixed64; 3 timeUnixNano fixed64; 4 count fixed64; 5 sum double; 6 bucketCounts fixed64*;
    7 explicitBounds double*; 8 exemplars Exemplar*; 9 attributes KeyValue*; 10 flags uint32; 11 min double; 12 max double`,
  ExponentialHistogramDataPoint: `
    1 attributes KeyValue*; 2 startTimeUnixNano fixed64; 3 timeUnixNano fixed64; 4 count fixed64; 5 sum double;
    6 scale sint32; 7 zeroCount fixed64; 8 positive Buckets; 9 negative Buckets; 10 flags uint32; 11 exemplars Exemplar*;
    12 min double; 13 max double; 14 zeroThreshold double`,
  Buckets: "1 offset sint32; 2 bucketCounts uint64*",
  SummaryDataPoint: `
    2 startTimeUnixNano fixed64; 3 timeUnixNano fixed64; 4 count fixed64; 5 sum double; 6 quantileValues ValueAtQuantile*;
    7 attributes KeyValue*; 8 flags uint32`,
  ValueAtQuantile: "1 quantile double; 2 value double",
  Exemplar: `
    2 timeUnixNano fixed64; 3 |asDouble double; 4 spanId spanId; 5 traceId traceId; 6 |asInt sfixed64;
    7 filteredAttributes KeyValue*`,

  // Profiles refer to a dictionary shared by the whole request and are still in development: only their envelope is known.
  Profiles: "1 >resourceProfiles ResourceProfiles*; 2 dictionary Opaque",
  ResourceProfiles: "1 resource Opaque; 2 >scopeProfiles ScopeProfiles*; 3 schemaUrl string",
  ScopeProfiles: "1 scope Opaque; 2 >profiles Profile*; 3 schemaUrl string",
  Profile: "",
  Opaque: "",

  // The four Export…ServiceResponse messages have one layout; only the JSON name of the count differs.
  ExportResponse: "1 partialSuccess PartialSuccess",
  PartialSuccess: "1 rejected int64; 2 errorMessage string",
  Status: "1 code int32; 2 message string; 3 details Any*",
  Any: "1 typeUrl string; 2 value bytes",
  RetryInfo: "1 retryDelay Duration",
  Duration: "1 seconds int64; 2 nanos int32",
} as const;

const scalars = {
  bool: 0,
  uint32: 0,
  int32: 0,
  sint32: 0,
  int64: 0,
  uint64: 0,
  enum: 0,
  fixed64: 1,
  sfixed64: 1,
  double: 1,
  string: 2,
  bytes: 2,
  traceId: 2,
  spanId: 2,
  message: 2,
  fixed32: 5,
} as const;

/** What one counts: spans, log records, metric data points, profiles. */
const items: ReadonlySet<string> = new Set([
  "Span",
  "LogRecord",
  "NumberDataPoint",
  "HistogramDataPoint",
  "ExponentialHistogramDataPoint",
  "SummaryDataPoint",
  "Profile",
]);

export type MessageName = keyof typeof definitions;
export type FieldType = keyof typeof scalars;

export interface Field {
  readonly number: number;
  readonly name: string;
  readonly type: FieldType;
  /** The wire type of one value: 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
  readonly wire: number;
  /** Of a trace id 16, of a span id 8; else 0. */
  readonly idBytes: number;
  readonly repeated: boolean;
  readonly oneof: boolean;
  /** Is the value an item, or an envelope of items? */
  readonly envelops: boolean;
  /** The type of the value when `type` is "message". */
  readonly message: MessageType | undefined;
  /** The names of the values when `type` is "enum". */
  readonly enumNames: readonly string[] | undefined;
}

export interface MessageType {
  readonly name: MessageName;
  readonly item: boolean;
  /** By field number; a hole is a number OTLP does not define. */
  readonly fields: readonly (Field | undefined)[];
  /** By tag, field number and wire type in one byte: how to prove what stands behind it; 0: as `fields` say. */
  readonly kinds: Uint8Array;
}

/** A string or bytes, of whatever content. */
export const lengthKind = 1;
export const varintKind = 2;
export const attributeKind = 3;
export const fixed64Kind = 4;
export const idKind = 5;

/** Every message type by its name. */
export const messageTypes: Readonly<Record<MessageName, MessageType>> = compile();

function compile(): Record<MessageName, MessageType> {
  const names = Object.keys(definitions) as MessageName[];
  const open = names.map((name) => ({
    name,
    item: items.has(name),
    fields: [] as (Field | undefined)[],
    kinds: new Uint8Array(128),
  }));
  const types = Object.fromEntries(open.map((type) => [type.name, type])) as unknown as Record<
    MessageName,
    MessageType
  >;
  for (const type of open) {
    for (const line of definitions[type.name].split(";")) {
      if (line === "") continue;
      const field = compileField(line, types);
      while (type.fields.length < field.number) type.fields.push(undefined);
      type.fields[field.number] = field;
      if (field.number < 16) type.kinds[field.number * 8 + field.wire] = kindOf(field);
    }
  }
  return types;
}

function kindOf({ wire, idBytes, message }: Field): number {
  if (message?.name === "KeyValue") return attributeKind;
  if (wire === 2 && message === undefined) return idBytes > 0 ? idKind : lengthKind;
  return wire === 0 ? varintKind : wire === 1 ? fixed64Kind : 0;
}

function compileField(line: string, types: Readonly<Record<string, MessageType>>): Field {
  const [number = "", label = "", suffixed = ""] = line.trim().split(" ");
  const repeated = suffixed.endsWith("*");
  const marks = label.slice(0, label.length - label.replaceAll("|", "").replaceAll(">", "").length);
  const oneof = marks.includes("|");
  const envelops = marks.includes(">");
  const typeName = repeated ? suffixed.slice(0, -1) : suffixed;
  const message = types[typeName];
  const enumNames = (enums as Readonly<Record<string, readonly string[]>>)[typeName];
  const type = message ? "message" : enumNames ? "enum" : (typeName as FieldType);
  const name = label.slice(marks.length);
  const idBytes = type === "traceId" ? 16 : type === "spanId" ? 8 : 0;
  return {
    number: Number(number),
    name,
    type,
    wire: scalars[type],
    idBytes,
    repeated,
    oneof,
    envelops,
    message,
    enumNames,
  };
}
