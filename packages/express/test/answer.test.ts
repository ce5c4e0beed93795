import { trace } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { fieldsOf } from "../../../test/support/raw-exchange.ts";
import { SHOP, SPANS, TRACE, TRACEPARENT, serveForTest as serve } from "../../../test/support/service.ts";
import { boundary } from "../src/index.ts";
import { VERSIONS } from "./apps.ts";

describe.each(VERSIONS)("the answer of %s", (_, express) => {
  const value = `00-${TRACE}-${SPANS.serverSpanId}-01`;
  const asked = { boundary: SHOP, spans: () => SPANS, answer: ["traceresponse", "server-timing"] } as const;

  it("names the span that served it, beside what the app says", async () => {
    const app = express()
      .use(boundary(asked))
      .get("/", (_request, response) => void response.setHeader("Server-Timing", "db;dur=3").send("ok"));
    const answer = await (await serve(app)).raw([`traceparent: ${TRACEPARENT}`]);
    expect(fieldsOf(answer, "traceresponse")).toEqual([value]);
    expect(fieldsOf(answer, "server-timing")).toEqual(["db;dur=3", `traceparent;desc="${value}"`]);
    expect(fieldsOf(answer, "access-control-expose-headers")).toEqual([]);
  });

  it("names it also where an error handler cleared the fields, and where the head is written by hand", async () => {
    const app = express()
      .use(boundary(asked))
      .get("/error", () => {
        throw Object.assign(new Error("broken"), { status: 503 });
      })
      .get("/hand", (_request, response) => void response.writeHead(203, "Fine", { "X-A": "1" }).end("ok"));
    const { raw } = await serve(app.set("env", "test"));
    const failed = await raw([`traceparent: ${TRACEPARENT}`], { target: "/error" });
    expect(failed).toMatch(/^HTTP\/1.1 503 /);
    expect(fieldsOf(failed, "traceresponse")).toEqual([value]);
    const byHand = await raw([`traceparent: ${TRACEPARENT}`], { target: "/hand" });
    expect(byHand).toMatch(/^HTTP\/1.1 203 Fine/);
    expect(fieldsOf(byHand, "traceresponse")).toEqual([value]);
    expect(fieldsOf(byHand, "x-a")).toEqual(["1"]);
  });

  it("goes out also where its fields cannot be set", async () => {
    const app = express()
      .use(boundary(asked))
      .get("/", (_request, response) => {
        response.setHeader = () => {
          throw new Error("no more fields");
        };
        response.end("ok");
      });
    const answer = await (await serve(app)).raw([`traceparent: ${TRACEPARENT}`]);
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    expect(fieldsOf(answer, "traceresponse")).toEqual([]);
  });

  it("lets a script of another origin read it, where the app grants that origin", async () => {
    const app = express()
      .use(boundary(asked))
      .get("/", (_request, response) => {
        response.setHeader("Access-Control-Allow-Origin", "https://shop.example");
        response.setHeader("Access-Control-Expose-Headers", "ETag").send("ok");
      });
    const answer = await (await serve(app)).raw([`traceparent: ${TRACEPARENT}`, "Origin: https://shop.example"]);
    expect(fieldsOf(answer, "access-control-expose-headers")).toEqual(["ETag, traceresponse"]);
  });

  it("says nothing where no span is known, and no tracer is installed", async () => {
    const servedBy = () => trace.getActiveSpan()?.spanContext();
    const app = express()
      .use(boundary({ boundary: SHOP, answer: ["traceresponse", "server-timing"], servedBy }))
      .get("/", (_request, response) => void response.send("ok"));
    const answer = await (await serve(app)).raw([`traceparent: ${TRACEPARENT}`]);
    expect(fieldsOf(answer, "traceresponse")).toEqual([]);
    expect(fieldsOf(answer, "server-timing")).toEqual([]);
  });
});
