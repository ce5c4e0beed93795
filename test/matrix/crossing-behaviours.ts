/** That a crossing is told once, whatever becomes of the request, and that nobody who is told has a say in it. */
import { once } from "node:events";
import { fieldValues } from "@tracemend/context";
import { expect } from "vitest";
import type { Arrived } from "./subject.ts";
import type { SubjectBehaviour } from "./subject-behaviour.ts";
import { NO_SPANS, PARENT, TRACE, TRACEPARENT } from "./subject-behaviour.ts";
import { readAll } from "./transport.ts";

const thrower = (): never => {
  throw new Error("telemetry is broken");
};

export const CROSSING_BEHAVIOURS: readonly SubjectBehaviour[] = [
  {
    name: "tells the whole crossing, once for each request",
    async run(rig) {
      const { recorder, send, close } = await rig.open(({ body }) => body);
      const lines = ["traceparent", TRACEPARENT, "user-agent", "probe", "x-request-id", "r-1"];
      for (let count = 1; count <= 3; count += 1) {
        const { request, answered } = send(lines, { method: "POST", target: "/orders?card=1" });
        request.end("x");
        await readAll(await answered);
        await recorder.until(count);
      }
      await close();
      expect(recorder.crossings).toHaveLength(3);
      for (const crossing of recorder.crossings) {
        expect(crossing).toMatchObject({
          boundary: "edge",
          cluster: "eu-1",
          reading: { kind: "valid", context: { traceId: TRACE, parentId: PARENT } },
          protocol: "http/1.1",
          scheme: "http",
          method: "POST",
          path: "/orders",
          authority: "shop",
          userAgent: "probe",
          requestId: "r-1",
          status: 200,
          failure: undefined,
        });
        expect(crossing.endMs).toBeGreaterThanOrEqual(crossing.startMs);
      }
    },
  },
  {
    name: "knows who called",
    except: {
      "hono on fetch": "a Request does not tell who sent it",
      "hono, bounded, on fetch": "a Request does not tell who sent it",
    },
    async run(rig) {
      const { crossing } = await rig.pass([]);
      expect(crossing.downstream).toEqual({ address: "127.0.0.1", port: expect.any(Number) });
    },
  },
  {
    name: "tells a caller that gave up before its answer once, be its request whole or not",
    async run(rig) {
      for (const whole of [true, false]) {
        const arrived = Promise.withResolvers<void>();
        const { recorder, send, close } = await rig.open(async ({ body, gone }) => {
          arrived.resolve();
          await gone;
          return body;
        });
        const { request } = send(["traceparent", TRACEPARENT], { method: "POST" });
        request.write("x");
        if (whole) request.end();
        await arrived.promise;
        request.destroy();
        await recorder.until(1);
        await close();
        expect(recorder.crossings).toMatchObject([{ failure: { kind: "client-gone", side: "downstream" } }]);
      }
    },
  },
  {
    name: "tells a caller that left within its answer once",
    except: {
      "hono on fetch": "a fetch runtime tells nobody when the body of an answer ends",
      "hono, bounded, on fetch": "a fetch runtime tells nobody when the body of an answer ends",
    },
    async run(rig) {
      async function* endless({ gone }: Arrived): AsyncGenerator<Uint8Array> {
        yield Buffer.from("first");
        await gone;
      }
      const { recorder, send, close } = await rig.open(endless);
      const { request, answered } = send(["traceparent", TRACEPARENT]);
      request.end();
      const answer = await answered;
      answer.on("error", () => undefined);
      expect(String((await once(answer, "data"))[0])).toBe("first");
      request.destroy();
      await recorder.until(1);
      await close();
      expect(recorder.crossings).toMatchObject([{ status: 200, failure: { kind: "client-gone", side: "downstream" } }]);
    },
  },
  {
    name: "answers whatever the observer throws, this time and the next",
    async run(rig) {
      let told = 0;
      const crossed = (): never => {
        told += 1;
        return thrower();
      };
      const { send, close } = await rig.open(({ body }) => body, { observer: { crossed } });
      for (let turn = 0; turn < 2; turn += 1) {
        const { request, answered } = send(["traceparent", TRACEPARENT], { method: "POST" });
        request.end("whole");
        expect(String(await readAll(await answered))).toBe("whole");
      }
      await close();
      expect(told).toBe(2);
    },
  },
  {
    name: "lets the parent through that came in where the source of spans throws",
    async run(rig) {
      const { status, arrived, crossing } = await rig.pass(["traceparent", TRACEPARENT], { spans: thrower });
      expect([status, ...fieldValues(arrived, "traceparent")]).toEqual([200, TRACEPARENT]);
      expect(crossing).toMatchObject({ spans: undefined, verdict: { ownParent: false } });
    },
  },
  {
    name: "asks for spans only where they are to be used",
    except: NO_SPANS,
    async run(rig) {
      let asked = 0;
      const spans = (): undefined => {
        asked += 1;
      };
      await rig.pass(["traceparent", `00-${TRACE}-${PARENT}-00`], { spans });
      await rig.pass(["traceparent", TRACEPARENT], { spans, policy: { trust: "restart", start: false } });
      expect(asked).toBe(0);
      await rig.pass(["traceparent", TRACEPARENT], { spans });
      expect(asked).toBe(1);
    },
  },
];
