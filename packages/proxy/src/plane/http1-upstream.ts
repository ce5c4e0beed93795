/** The connections to an HTTP/1.1 upstream: undici for what has no body, node:http for what it cannot carry. */
import type { Dial } from "./dial.ts";
import { createHttp1Client } from "./http1-client.ts";
import type { Connections, EngineSettings, UpstreamTarget } from "./plane.ts";
import { createUndici } from "./undici.ts";

export function createHttp1Upstream(target: UpstreamTarget, settings: EngineSettings, dial: Dial): Connections {
  const bare = createUndici(target, settings, dial);
  const full = createHttp1Client(target, settings, dial);
  return {
    upgrades: true,
    send(head, events) {
      // Undici takes paths and URLs only; `OPTIONS *` has neither.
      const plain = head.body === "none" && head.upgrade === undefined && head.target !== "*";
      return (plain ? bare : full).send(head, events);
    },
    async close(signal) {
      await Promise.all([bare.close(signal), full.close(signal)]);
    },
  };
}
