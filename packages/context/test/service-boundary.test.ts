import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type {
  AnswerField,
  Crossing,
  Exchanged,
  OwnSpans,
  PolicyOptions,
  ServiceBoundaryOptions,
} from "../src/index.ts";
import { defineBoundary, defineServiceBoundary } from "../src/index.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`;
const SPANS: OwnSpans = { traceId: "1".repeat(32), serverSpanId: "2".repeat(16), clientSpanId: "3".repeat(16) };
const LINES = ["Host", "shop", "traceparent", PARENT];
const both: readonly AnswerField[] = ["traceresponse", "server-timing"];

function define(options: Partial<ServiceBoundaryOptions> = {}): ReturnType<typeof defineServiceBoundary> {
  return defineServiceBoundary({ boundary: { name: "shop", cluster: "eu-1" }, ...options });
}

const exchanged = (changes: Partial<Exchanged> = {}): Exchanged => ({
  startMs: 10,
  endMs: 12.5,
  protocol: "http/1.1",
  scheme: "http",
  method: "GET",
  authority: "shop",
  downstream: undefined,
  status: 200,
  failure: undefined,
  target: "/a?b=c",
  lines: LINES,
  ...changes,
});

describe("a service boundary", () => {
  it("takes a boundary that is defined, or the parts of one of side ingress", () => {
    const boundary = defineBoundary({ name: "out", side: "egress", cluster: "eu-1" });
    expect(define({ boundary }).boundary).toBe(boundary);
    expect(define().boundary).toMatchObject({ name: "shop", side: "ingress", cluster: "eu-1" });
  });

  it("refuses an answer field it does not know, by name", () => {
    expect(() => define({ answer: ["x-trace" as AnswerField] })).toThrow(
      new TypeError('answer has "x-trace"; it must be one of traceresponse, server-timing'),
    );
  });

  it("never changes the parent id without a source of spans, nor with one that gives none or throws", () => {
    const broken = (): OwnSpans => {
      throw new Error("no room");
    };
    for (const spans of [undefined, () => undefined, broken]) {
      const { verdict, spans: given } = define({ spans }).cross(LINES);
      expect(verdict).toMatchObject({ ownParent: false, edits: [], context: { parentId: "b7ad6b7169203331" } });
      expect(given).toBeUndefined();
    }
  });

  it("names the granted span as the parent", () => {
    const { verdict } = define({ spans: () => SPANS }).cross(LINES);
    expect(verdict).toMatchObject({ ownParent: true, context: { traceId: TRACE, parentId: SPANS.clientSpanId } });
  });
});

/** A message as Node's parser makes it, whose views are folded by Node. */
class Message extends IncomingMessage {
  declare _addHeaderLines: (lines: readonly string[], count: number) => void;

  constructor(lines: readonly string[]) {
    super(new Socket());
    this._addHeaderLines(lines, lines.length);
  }
}

describe("a message of Node's", () => {
  const TRACEPARENTS = [
    PARENT,
    PARENT,
    PARENT,
    `00-${TRACE}-b7ad6b7169203331-00`,
    PARENT.toUpperCase(),
    `${PARENT}-x`,
    "00",
    "",
  ];
  const TRACESTATES = ["vendor=1", "a=1,b=2", "a=1, b=2", "tm=1.eu-1.01.eb211c80.b7ad6b7169203331.01", ",", "=", ""];
  const CONNECTIONS = ["keep-alive", "close", "traceparent", "keep-alive, TraceState", "upgrade, x-traceparent"];
  const oneOf = (name: string, values: readonly string[]) =>
    fc.tuple(fc.constantFrom(name, name.toLowerCase(), name.toUpperCase()), fc.constantFrom(...values));
  const line = fc.oneof(
    oneOf("Traceparent", TRACEPARENTS),
    oneOf("Tracestate", TRACESTATES),
    oneOf("Connection", CONNECTIONS),
    oneOf("Host", ["shop"]),
  );

  it("comes to the same by its folded fields as by its lines", () => {
    const looked = { folded: 0, plain: 0 };
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 5 }).map((pairs) => pairs.flat()),
        fc.constantFrom<PolicyOptions>({}, { repair: "on" }, { extract: ["w3c", "b3"] }, { trust: "restart" }),
        fc.boolean(),
        (lines, policy, exports) => {
          const boundary = { name: "shop", cluster: "eu-1", policy };
          const service = define({ boundary, spans: () => (exports ? SPANS : undefined) });
          const [folded, whole] = [service.crossFolded(new Message(lines)), service.crossMessage(new Message(lines))];
          looked.folded += 1;
          looked.plain += folded.verdict.reason === "intact" ? 1 : 0;
          for (const part of ["reading", "verdict", "context", "edits", "spans", "ruling"] as const)
            expect(folded[part]).toEqual(whole[part]);
        },
      ),
      { numRuns: 500 },
    );
    expect(looked.plain).toBeGreaterThan(looked.folded / 10);
  });

  it("whose lines Node may have cut is looked at closely", () => {
    const lines = Array.from({ length: 1001 }, (_, at) => [`x-${at}`, ""]).flat();
    const { verdict, reading } = define().crossFolded(new Message([...lines, "traceparent", PARENT]));
    expect(verdict.reason).toBe("intact");
    expect(reading).toMatchObject({ notes: [{ code: "head-truncated" }] });
  });
});

it("takes fields for the folded ones only where Node has folded them", () => {
  const headers = { traceparent: PARENT, Connection: "traceparent" };
  const { reading } = define().crossFolded({ rawHeaders: [], headers, socket: {} });
  expect(reading).toMatchObject({ notes: [{ code: "hop-nominated" }] });
});

describe("what a policy looks at", () => {
  const fields = (policy: PolicyOptions) => define({ boundary: { name: "shop", cluster: "eu-1", policy } }).fields;

  it("is a few fields, unless it reads other formats or fields beside the context, or has rules of trust", () => {
    expect(fields({})).toEqual(["traceparent", "tracestate", "connection"]);
    expect(fields({ carrier: { field: "X-Way", read: true } })).toContain("x-way");
    expect(fields({ extract: ["w3c", "b3"] })).toBeUndefined();
    expect(fields({ clear: ["x-secret"] })).toBeUndefined();
    expect(fields({ trustRules: [{ when: { cidr: ["::1/128"] }, trust: "continue" }] })).toBeUndefined();
  });

  it("is the peer's address only where rules of trust ask for it", () => {
    const trustRules = [{ when: { cidr: ["127.0.0.0/8"] }, trust: "continue" }] as const;
    const boundary = { name: "shop", cluster: "eu-1", policy: { trust: "restart", trustRules } } as const;
    let asked = 0;
    const socket = {
      get remoteAddress() {
        asked += 1;
        return "127.0.0.1";
      },
    };
    const message = { rawHeaders: LINES.slice(), headers: { traceparent: LINES[1] }, socket };
    for (const pass of ["crossMessage", "crossFolded"] as const) {
      expect(define()[pass](message).verdict.action).toBe("preserve");
      expect(asked).toBe(0);
      expect(define({ boundary })[pass](message).verdict.action).toBe("preserve");
      expect(asked).toBe(1);
      asked = 0;
    }
  });
});

describe("the answer", () => {
  it("does not name a span of ours where the outside context leaves in its place", () => {
    const policy: PolicyOptions = { outside: "restore" };
    const service = define({ boundary: { name: "out", cluster: "eu-1", policy }, spans: () => SPANS, answer: both });
    const outside = `tmo=1.${"9".repeat(32)}.${"8".repeat(16)}.01`;
    const passage = service.cross([...LINES, "tracestate", outside]);
    expect(passage.verdict.reason).toBe("outside-restored");
    expect(service.answer(passage)).toEqual([]);
  });

  it("names the span of ours that served the request", () => {
    const service = define({ spans: () => SPANS, answer: both });
    const value = `00-${TRACE}-${SPANS.serverSpanId}-01`;
    expect(service.answer(service.cross(LINES))).toEqual([
      ["traceresponse", value],
      ["server-timing", `traceparent;desc="${value}"`],
    ]);
  });

  it("names the span of another tracer where none is ours", () => {
    const servedBy = (): { traceId: string; spanId: string; traceFlags: number } => ({
      traceId: TRACE,
      spanId: "4".repeat(16),
      traceFlags: 0xff,
    });
    const service = define({ answer: ["traceresponse"], servedBy });
    expect(service.answer(service.cross([]))).toEqual([["traceresponse", `00-${TRACE}-${"4".repeat(16)}-03`]]);
  });

  it("says nothing where no span served the request", () => {
    const zero = { traceId: "0".repeat(32), spanId: "0".repeat(16), traceFlags: 0 };
    const broken = (): never => {
      throw new Error("no tracer");
    };
    for (const servedBy of [undefined, () => undefined, () => zero, broken]) {
      const service = define({ answer: both, servedBy });
      expect(service.answer(service.cross(LINES))).toEqual([]);
    }
    expect(define().answers).toBe(false);
  });
});

describe("the crossing", () => {
  it("tells the request without its query, and no end before its start", () => {
    const crossings: Crossing[] = [];
    const service = define({ observer: { crossed: (crossing) => crossings.push(crossing) } });
    const passage = service.cross([...LINES, "User-Agent", "curl", "X-Request-Id", "7"]);
    service.tell(passage, exchanged({ lines: [...LINES, "User-Agent", "curl", "X-Request-Id", "7"] }));
    service.tell(passage, exchanged({ target: "/plain", startMs: 99 }));
    expect(crossings).toMatchObject([
      {
        boundary: "shop",
        side: "ingress",
        cluster: "eu-1",
        path: "/a",
        startMs: 10,
        endMs: 12.5,
        userAgent: "curl",
        requestId: "7",
        upstream: undefined,
        reading: passage.reading,
        verdict: passage.verdict,
      },
      { path: "/plain", startMs: 99, endMs: 99 },
    ]);
  });

  it("tells the caller's own request id, not a carrier that travelled in its field", () => {
    const crossings: Crossing[] = [];
    const service = define({
      boundary: { name: "shop", cluster: "eu-1", policy: { carrier: { field: "x-request-id", read: true } } },
      observer: { crossed: (crossing) => crossings.push(crossing) },
    });
    const lines = ["x-request-id", `tm1.${TRACE}.b7ad6b7169203331.01.us-1`];
    service.tell(service.cross(lines), exchanged({ lines }));
    service.tell(service.cross(["x-request-id", "mine"]), exchanged());
    expect(crossings.map(({ requestId }) => requestId)).toEqual([undefined, "mine"]);
  });

  it("never lets an observer throw into a request", () => {
    const service = define({
      observer: {
        crossed() {
          throw new Error("observer");
        },
      },
    });
    expect(() => service.tell(service.cross(LINES), exchanged())).not.toThrow();
  });
});
