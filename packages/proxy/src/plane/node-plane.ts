/** The first data plane: Node's own HTTP/1.1 and HTTP/2, undici for plain requests upstream. */
import { createDial } from "./dial.ts";
import { createHttp1Upstream } from "./http1-upstream.ts";
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
    return negotiate ? createNegotiated(target, settings, dial) : createHttp1Upstream(target, settings, dial);
  },
};
