/** Interceptors for @grpc/grpc-js: a served call is a request that is handled, a client's call is one that is made for it. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Interceptor, Metadata, ServerInterceptingCallInterface, ServerInterceptor } from "@grpc/grpc-js";
import { InterceptingCall, ServerInterceptingCall } from "@grpc/grpc-js";
import type { Arrival, FieldLines } from "@tracemend/context";
import { readAltNames } from "@tracemend/context";
import type { Handling } from "./handling.ts";
import type { Head } from "./head.ts";
import type { Outbound } from "./outbound.ts";

/** For `new Client(address, credentials, { interceptors: [clientInterceptor(outbound)] })`. */
export function clientInterceptor(outbound: Outbound): Interceptor {
  return (options, nextCall) => {
    // A call may start later and elsewhere than it was made: in the turn of the connection it waited for.
    const handling = outbound.current();
    const call = nextCall(options);
    return new InterceptingCall(call, {
      start(metadata, listener, next) {
        // The caller may use one metadata object for many calls.
        const own = metadata.clone();
        const { host, port } = peerOf(call.getPeer());
        const path = options.method_definition.path;
        outbound.carry({ api: "grpc", method: "POST", host, port, path }, headOf(own), handling);
        next(own, listener);
      },
    });
  };
}

/** For `new Server({ interceptors: [serverInterceptor(outbound)] })`. */
export function serverInterceptor(outbound: Outbound): ServerInterceptor {
  return (method, call) => {
    let handling: Handling | undefined;
    let inside = (run: () => void): void => run();
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata(metadata, forward) {
            const request = { lines: linesOf(metadata), arrival: arrivalOf(call), method: "POST", path: method.path };
            outbound.handle(request, (begun) => {
              handling = begun;
              inside = AsyncLocalStorage.snapshot();
              forward(metadata);
            });
          },
          onReceiveMessage: (message, forward) => inside(() => forward(message)),
          onReceiveHalfClose: (forward) => inside(forward),
          onCancel: () => handling?.end(),
        }),
      sendStatus(status, forward) {
        handling?.end();
        forward(status);
      },
    });
  };
}

/** `127.0.0.1:50051`, `[::1]:50051`, `dns:orders:50051`, `dns:///orders:50051`, `orders`. */
function peerOf(peer: string): { readonly host: string; readonly port: number | undefined } {
  const authority = peer.slice(peer.lastIndexOf("/") + 1).replace(/^(?:dns|ipv4|ipv6):/, "");
  const url = URL.parse(`tm://${authority}`);
  if (url === null) return { host: authority, port: undefined };
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port: url.port === "" ? undefined : Number(url.port) };
}

/** grpc-js tells of verified certificates only. They are taken apart where a rule asks for a name. */
function arrivalOf(call: ServerInterceptingCallInterface): Arrival {
  return {
    address: peerOf(call.getPeer()).host,
    get identities() {
      // Older versions of grpc-js do not tell.
      const told = "getAuthContext" in call ? call.getAuthContext() : undefined;
      return readAltNames(told?.sslPeerCertificate?.subjectaltname ?? "");
    },
  };
}

/** Binary values stand in lines as they do on the wire, in base64. */
function linesOf(metadata: Metadata): FieldLines {
  return Object.keys(metadata.getMap()).flatMap((name) => valuesOf(metadata, name).flatMap((value) => [name, value]));
}

function valuesOf(metadata: Metadata, name: string): readonly string[] {
  return metadata.get(name).map((value) => (typeof value === "string" ? value : value.toString("base64")));
}

function headOf(metadata: Metadata): Head {
  return {
    sealed: false,
    values: (name) => valuesOf(metadata, name),
    set: (name, value) => metadata.set(name, name.endsWith("-bin") ? Buffer.from(value, "base64") : value),
    remove: (name) => metadata.remove(name),
  };
}
