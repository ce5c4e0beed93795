/** That bodies pass untouched, and that requests in flight at once are never mixed. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { FieldLines, PolicyOptions } from "@tracemend/context";
import { fieldValue } from "@tracemend/context";
import { expect } from "vitest";
import type { SubjectBehaviour } from "./subject-behaviour.ts";
import { PARENT, TRACEPARENT } from "./subject-behaviour.ts";
import type { Site } from "./subject-rig.ts";
import { readAll } from "./transport.ts";

/** One line passes as it is, the other is edited on the way. */
const HEADS: readonly FieldLines[] = [
  ["traceparent", TRACEPARENT],
  ["traceparent", TRACEPARENT.toUpperCase()],
];
const MENDING = { repairs: { case: "on" } } as const satisfies PolicyOptions;

const CHUNKS = Array.from({ length: 160 }, (_each, at) => Buffer.alloc(65_537, at));

async function* text(value: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(value);
}

async function echo({ send }: Site, lines: FieldLines): Promise<Buffer> {
  const { request, answered } = send(lines, { method: "POST" });
  const whole = answered.then(readAll);
  for (const chunk of CHUNKS) if (!request.write(chunk)) await once(request, "drain");
  request.end();
  return whole;
}

const IN_FLIGHT = 100;

export const BODY_BEHAVIOURS: readonly SubjectBehaviour[] = [
  {
    name: "streams both ways at once, whether the head is edited or not",
    async run(rig) {
      const { send } = await rig.open(({ body }) => body, { policy: MENDING });
      for (const lines of HEADS) {
        const { request, answered } = send(lines, { method: "POST" });
        request.write("one");
        const answer = await answered;
        expect(String((await once(answer, "data"))[0])).toBe("one");
        request.write("two");
        expect(String((await once(answer, "data"))[0])).toBe("two");
        request.end();
        await once(answer, "end");
      }
    },
  },
  {
    name: "carries ten megabytes both ways unchanged, whether the head is edited or not",
    async run(rig) {
      const sent = createHash("sha256").update(Buffer.concat(CHUNKS)).digest("hex");
      const site = await rig.open(({ body }) => body, { policy: MENDING });
      for (const lines of HEADS) {
        const body = await echo(site, lines);
        expect(createHash("sha256").update(body).digest("hex")).toBe(sent);
      }
    },
  },
  {
    name: "never mixes requests that are in flight at once",
    async run(rig) {
      const allArrived = Promise.withResolvers<void>();
      let waiting = 0;
      const { recorder, send } = await rig.open(
        async ({ lines, body }) => {
          waiting += 1;
          if (waiting === IN_FLIGHT) allArrived.resolve();
          await allArrived.promise;
          const posted: Uint8Array[] = [];
          for await (const chunk of body) posted.push(chunk);
          return text(`${fieldValue(lines, "traceparent")} ${Buffer.concat(posted).toString()}`);
        },
        { policy: MENDING },
      );
      const traceIds = Array.from({ length: IN_FLIGHT }, (_each, at) => (at + 0xabc).toString(16).padStart(32, "0"));
      const answers = await Promise.all(
        traceIds.map(async (traceId, at) => {
          const traceparent = `00-${traceId}-${PARENT}-01`;
          const line = at % 2 === 0 ? traceparent : traceparent.toUpperCase();
          const { request, answered } = send(["traceparent", line], { method: "POST" });
          request.end(traceId);
          return String(await readAll(await answered));
        }),
      );
      expect(answers).toEqual(traceIds.map((traceId) => `00-${traceId}-${PARENT}-01 ${traceId}`));
      const crossings = await recorder.until(IN_FLIGHT);
      const told = new Set(crossings.map(({ verdict }) => verdict.context?.traceId));
      expect([crossings.length, told]).toEqual([IN_FLIGHT, new Set(traceIds)]);
    },
  },
];
