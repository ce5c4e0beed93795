/** A data plane whose upstreams do what a test says, without a socket. */
import type { CallEvents, Connections, DataPlane, OutgoingHead, UpstreamTarget } from "../../src/index.ts";

export interface SentCall {
  readonly key: string;
  readonly head: OutgoingHead;
  readonly events: CallEvents;
  canceled: boolean;
}

export interface FakePlane extends DataPlane {
  readonly sent: SentCall[];
  readonly targets: UpstreamTarget[];
  readonly closed: string[];
}

export function createFakePlane(): FakePlane {
  const sent: SentCall[] = [];
  const targets: UpstreamTarget[] = [];
  const closed: string[] = [];
  return {
    sent,
    targets,
    closed,
    listen: () => Promise.reject(new Error("nothing listens here")),
    connect(target): Connections {
      targets.push(target);
      const key = target.url.host;
      return {
        refuses: false,
        send(head, events) {
          const call: SentCall = { key, head, events, canceled: false };
          sent.push(call);
          return {
            write: () => true,
            end() {},
            pause() {},
            resume() {},
            cancel() {
              call.canceled = true;
            },
          };
        },
        close() {
          closed.push(key);
          return Promise.resolve();
        },
      };
    },
  };
}

/** An answer without a body. */
export function answerOf(status: number): Parameters<CallEvents["answered"]>[0] {
  return { status, reason: undefined, lines: [], open: false, trailers: false, last: false };
}
