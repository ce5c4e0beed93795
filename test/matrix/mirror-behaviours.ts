/** What a mirror gets of a request, and what its caller notices of it: nothing. */
import { fieldValue, fieldValues } from "@tracemend/context";
import { expect } from "vitest";
import type { Behaviour } from "./behaviour.ts";
import { CHUNK, TRACE, TRACEPARENT, nextRequest } from "./behaviour.ts";
import { identity } from "./rig.ts";
import type { Incoming, Outgoing } from "./transport.ts";
import { linesOf, readAll, startService } from "./transport.ts";

export const MIRROR_BEHAVIOURS: readonly Behaviour[] = [
  {
    name: "gives a mirror head, body and trailers, and the caller none of its answer",
    async run(rig) {
      const shadow = await startService(rig.pair.to, identity);
      const copied = Promise.withResolvers<{ lines: string[]; body: Buffer; trailers: readonly string[] }>();
      const serve = async (request: Incoming, response: Outgoing): Promise<void> => {
        const body = await readAll(request);
        copied.resolve({ lines: linesOf(request), body, trailers: request.rawTrailers });
        response.writeHead(500, { "x-shadow": "1" }).end("shadow");
      };
      shadow.serve = (request, response) => void serve(request, response);
      const border = await rig.open({ mirror: { url: shadow.url, sampling: "deny" } });
      const arrived = nextRequest(rig);
      const sent = border.client.send({
        method: "POST",
        path: "/cart",
        headers: { traceparent: TRACEPARENT, te: "trailers", "x-own": "1" },
      });
      for (let at = 0; at < 8; at += 1) sent.write(CHUNK);
      sent.end({ "x-end": "yes" });
      const { request, response } = await arrived;
      const body = await readAll(request);
      response.end("ok");
      const answer = await sent.answered;
      expect([answer.status, String(await readAll(sent.body()))]).toEqual([200, "ok"]);
      expect(fieldValue(answer.lines, "x-shadow")).toBeUndefined();
      const copy = await copied.promise;
      expect(copy.body.equals(body)).toBe(true);
      expect(fieldValue(copy.trailers, "x-end")).toBe("yes");
      expect(fieldValue(copy.lines, "x-own")).toBe("1");
      const [parent, ...more] = fieldValues(copy.lines, "traceparent");
      expect(parent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
      expect([more, parent?.includes(TRACEPARENT.slice(36, 52))]).toEqual([[], false]);
      await shadow.close();
    },
  },
  {
    name: "answers as ever where a mirror cuts every connection",
    async run(rig) {
      const shadow = await startService(rig.pair.to, identity);
      shadow.serve = (request) => request.socket.destroy();
      const border = await rig.open({ mirror: { url: shadow.url } });
      for (let count = 0; count < 4; count += 1) {
        const arrived = nextRequest(rig);
        const sent = border.client.send({ method: "POST", path: "/" });
        sent.write(CHUNK);
        sent.end();
        const { request, response } = await arrived;
        expect((await readAll(request)).length).toBe(CHUNK.length);
        response.end("ok");
        expect((await sent.answered).status).toBe(200);
        expect(String(await readAll(sent.body()))).toBe("ok");
      }
      await shadow.close();
    },
  },
];
