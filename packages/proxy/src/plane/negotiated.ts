/** The connections to an `https:` upstream that says by ALPN what it speaks. */
import type { FieldLines } from "@tracemend/context";
import type { Dial } from "./dial.ts";
import { createHttp1Client } from "./http1-client.ts";
import { createHttp2Sessions } from "./http2-sessions.ts";
import type { Alpn, Call, CallEvents, Connections, EngineSettings, OutgoingHead, UpstreamTarget } from "./plane.ts";

export function createNegotiated(target: UpstreamTarget, settings: EngineSettings, dial: Dial): Connections {
  let spoken: Alpn | undefined;
  let asking: NegotiatedCall[] | undefined;

  /** After a connection that failed or chose otherwise it is asked anew: the upstream may have been replaced. */
  const watched: Dial = (offered, done, read) =>
    dial(
      offered,
      (error, socket) => {
        const chosen = socket !== null && "alpnProtocol" in socket && socket.alpnProtocol === "h2" ? "h2" : "http/1.1";
        if (error !== null || !offered.includes(chosen)) spoken = undefined;
        else if (offered.length > 1) spoken = chosen;
        done(error, socket);
      },
      read,
    );
  const http1 = createHttp1Client(target, settings, watched);
  const http2 = createHttp2Sessions(target, settings, watched);
  const engine = (): Connections => (spoken === "h2" ? http2 : http1);

  const ask = (): void => {
    watched(["h2", "http/1.1"], (error, socket) => {
      const calls = asking ?? [];
      asking = undefined;
      socket?.on("error", () => undefined).end();
      for (const call of calls)
        if (error === null) call.begin(engine());
        else call.events.failed(error.failure);
    });
  };
  return {
    refuses: true,
    send(head, events) {
      if (head.upgrade !== undefined) return http1.send(head, events);
      if (spoken !== undefined) return engine().send(head, events);
      const call = new NegotiatedCall(head, events);
      if (asking === undefined) {
        asking = [];
        ask();
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
