/** The connections to an `https:` upstream that says by ALPN what it speaks. */
import type { FieldLines } from "@tracemend/context";
import { createDial } from "./dial.ts";
import type { Dial } from "./dial.ts";
import { createHttp1Upstream } from "./http1-upstream.ts";
import { createHttp2Sessions } from "./http2-sessions.ts";
import type { Call, CallEvents, Connections, EngineSettings, OutgoingHead, UpstreamTarget } from "./plane.ts";

export function createNegotiated(target: UpstreamTarget, settings: EngineSettings): Connections {
  const dial = createDial(target, settings);
  const http1 = createHttp1Upstream(target, settings);
  const http2 = createHttp2Sessions(target, settings, dial);
  let spoken: Connections | undefined;
  let asking: NegotiatedCall[] | undefined;

  const ask = (dial: Dial): void => {
    dial(["h2", "http/1.1"], (error, socket) => {
      const calls = asking ?? [];
      asking = undefined;
      if (error === null)
        spoken = socket !== null && "alpnProtocol" in socket && socket.alpnProtocol === "h2" ? http2 : http1;
      socket?.on("error", () => undefined).end();
      for (const call of calls)
        if (error !== null) call.events.failed(error.failure);
        else call.begin(spoken ?? http1);
    });
  };
  return {
    upgrades: true,
    send(head, events) {
      if (head.upgrade !== undefined) return http1.send(head, events);
      if (spoken !== undefined) return spoken.send(head, events);
      const call = new NegotiatedCall(head, events);
      if (asking === undefined) {
        asking = [];
        ask(dial);
      }
      asking.push(call);
      return call;
    },
    async close(signal) {
      await Promise.all([http1.close(signal), http2.close(signal)]);
    },
  };
}

/** A call that waits until it is known over which engine it goes. Its body does not flow before. */
class NegotiatedCall implements Call {
  readonly events: CallEvents;
  readonly #head: OutgoingHead;
  #call: Call | undefined;
  #canceled = false;

  constructor(head: OutgoingHead, events: CallEvents) {
    this.#head = head;
    this.events = events;
  }

  begin(connections: Connections): void {
    if (!this.#canceled) this.#call = connections.send(this.#head, this.events);
  }

  write(chunk: Uint8Array): boolean {
    return this.#call?.write(chunk) ?? true;
  }

  end(trailers: FieldLines | undefined): void {
    this.#call?.end(trailers);
  }

  pause(): void {
    this.#call?.pause();
  }

  resume(): void {
    this.#call?.resume();
  }

  cancel(code: number): void {
    this.#canceled = true;
    this.#call?.cancel(code);
  }
}
