import { describe, expect, it } from "vitest";
import { createAnswerBook } from "../src/answer-book.ts";
import { createWorld } from "./support/world.ts";

describe("answers that name a trace", () => {
  it("are kept for the newest few thousand requests", () => {
    const book = createAnswerBook();
    for (let record = 1; record <= 5_000; record += 1) book.add(record, `t${record}`);
    expect([book.traceOf(5_000), book.recordOf("t5000")]).toEqual(["t5000", 5_000]);
    expect([book.traceOf(904), book.recordOf("t904")]).toEqual([undefined, 0]);
    expect(book.traceOf(905)).toBe("t905");
  });

  it("join the root that they name at once, whatever else is like it", () => {
    const world = createWorld();
    const traceId = world.id(32);
    const crossing = world.forward({ answered: traceId });
    world.forward();
    world.root(crossing);
    world.root(crossing, { traceId });
    world.wait(1_000);
    const report = world.diagnosis.report();
    expect(report.ledger).toMatchObject({ missing: 1, waiting: 1 });
    const [found] = report.breaks;
    expect(found).toMatchObject({ kind: "dropped-by-callee", count: 1, of: 1, confidence: 1 });
    expect(found?.examples).toMatchObject([{ otherTraceId: traceId }]);
    expect(found?.evidence[1]).toBe("1 of them got an answer that names another trace (traceresponse, Server-Timing).");
  });

  it("count without their root once the span is surely missing", () => {
    const world = createWorld();
    world.forward({ answered: world.id(32) });
    world.pass();
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind: "dropped-by-callee", count: 1 }]);
  });

  it("that name the trace that was sent show that the span was lost, not the context", () => {
    const world = createWorld();
    const crossing = world.crossing();
    const answer = { traceId: crossing.verdict.context?.traceId ?? "", spanId: world.id(16), flags: 1 };
    world.diagnosis.crossed({ ...crossing, answer });
    world.pass();
    world.pass("shop", 62_000);
    expect(world.diagnosis.report().breaks).toMatchObject([{ kind: "export-loss", count: 1 }]);
  });
});
