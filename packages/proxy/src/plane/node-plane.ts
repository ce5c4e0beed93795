/** The data plane on Node's sockets: HTTP/1.1 of our own and node:http2, toward callers and toward upstreams. */
import { createDial } from "./dial.ts";
import { createHttp1Client } from "./http1-client.ts";
import { createHttp2Sessions } from "./http2-sessions.ts";
import { listen } from "./listen.ts";
import { createNegotiated } from "./negotiated.ts";
import type { DataPlane } from "./plane.ts";

export const nodePlane: DataPlane = {
  listen,
  connect(target, settings) {
    const dial = createDial(target, settings);
    if (target.protocol === "h2") return createHttp2Sessions(target, settings, dial);
    const negotiate = target.protocol === "auto" && target.url.protocol === "https:";
    return negotiate ? createNegotiated(target, settings, dial) : createHttp1Client(target, settings, dial);
  },
};
