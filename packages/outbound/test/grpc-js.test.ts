import type { sendUnaryData, ServerDuplexStream, ServerUnaryCall } from "@grpc/grpc-js";
import { Metadata, ServerCredentials, credentials } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { createAuthority } from "../../../test/support/certificates.ts";
import { clientInterceptor, serverInterceptor } from "../src/grpc-js.ts";
import type { OutboundOptions } from "../src/index.ts";
import { createOutbound } from "../src/index.ts";
import type { GrpcClient } from "./grpc-peers.ts";
import { connectGrpc, startGrpc } from "./grpc-peers.ts";
import type { RecordedCalls, Service } from "./peers.ts";
import { OTHER_LINE, PARENT, PARENT_LINE, TRACE, ingress, lineOf, recordCalls, startEcho, valuesOf } from "./peers.ts";

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

type Unary = ServerUnaryCall<string, string>;
type Duplex = ServerDuplexStream<string, string>;

interface Pair {
  readonly front: GrpcClient;
  readonly observed: RecordedCalls;
}

/** A service that calls a second one for every message it gets; that one answers with the metadata it saw. */
async function startPair(options: Partial<OutboundOptions> = {}, shared = new Metadata()): Promise<Pair> {
  const observed = recordCalls();
  const outbound = createOutbound({
    boundary: ingress(),
    targets: ["127.0.0.1"],
    servers: false,
    observer: observed,
    ...options,
  });
  const seenBy = (metadata: Metadata): string => JSON.stringify(metadata.getMap());
  const backend = await startGrpc({
    get: (call: Unary, answer: sendUnaryData<string>) => answer(null, seenBy(call.metadata)),
    watch: (call: Duplex) => {
      call.on("data", () => call.write(seenBy(call.metadata)));
      call.on("end", () => call.end());
    },
  });
  const behind = connectGrpc(backend.address, { interceptors: [clientInterceptor(outbound)] });
  const service = await startGrpc(
    {
      get: (call: Unary, answer: sendUnaryData<string>) => {
        behind.get(call.request, shared).then(
          (text) => answer(null, text),
          (error: Error) => answer(error),
        );
      },
      watch: (call: Duplex) => {
        const asked: Promise<unknown>[] = [];
        call.on("data", (message: string) => {
          asked.push(behind.get(message, shared).then((text) => call.write(text)));
        });
        call.on("end", () => {
          void Promise.all(asked).then(() => call.end());
        });
      },
    },
    { interceptors: [serverInterceptor(outbound)] },
  );
  const front = connectGrpc(service.address);
  opened.push(() => outbound.close(), backend.close, behind.close, service.close, front.close);
  return { front, observed };
}

function metadataOf(entries: Readonly<Record<string, string | Buffer>>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(entries)) metadata.set(name, value);
  return metadata;
}

const parse = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

describe("a gRPC service that calls another one", () => {
  it("carries the context of a unary call, with tracestate and baggage", async () => {
    const { front, observed } = await startPair();
    const seen = parse(
      await front.get("7", metadataOf({ traceparent: PARENT_LINE, tracestate: "rojo=1", baggage: "shop=7" })),
    );
    expect(seen).toMatchObject({ traceparent: PARENT_LINE, tracestate: "rojo=1", baggage: "shop=7" });
    expect(observed.calls).toMatchObject([
      {
        api: "grpc",
        action: "carried",
        method: "POST",
        path: "/shop.Orders/Get",
        target: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
        handling: { method: "POST", route: "/shop.Orders/Get" },
      },
    ]);
  });

  it("carries it for every message of a stream", async () => {
    const { front } = await startPair();
    const answers = await front.watch(["1", "2", "3"], metadataOf({ traceparent: PARENT_LINE }));
    expect(answers.map((text) => parse(text)["traceparent"])).toEqual([PARENT_LINE, PARENT_LINE, PARENT_LINE]);
  });

  it("keeps a context of the call's own, and reports the trace it does not belong to", async () => {
    const { front, observed } = await startPair({}, metadataOf({ traceparent: OTHER_LINE }));
    const seen = parse(await front.get("7", metadataOf({ traceparent: PARENT_LINE })));
    expect(seen["traceparent"]).toBe(OTHER_LINE);
    expect(observed.calls).toMatchObject([{ action: "kept", reason: "other-trace" }]);
  });

  it("lets nothing reach a foreign target, binary metadata of others apart", async () => {
    const { front } = await startPair(
      { targets: [] },
      metadataOf({ traceparent: OTHER_LINE, "key-bin": Buffer.of(7) }),
    );
    const seen = parse(await front.get("7", metadataOf({ traceparent: PARENT_LINE })));
    expect(seen["traceparent"]).toBeUndefined();
    expect(seen["key-bin"]).toEqual({ type: "Buffer", data: [7] });
  });

  it("reads grpc-trace-bin and writes it on, where the policy takes contexts from it", async () => {
    const { front } = await startPair({ boundary: ingress({ extract: ["w3c", "grpc-trace-bin"] }) });
    const bytes = Buffer.from(`0000${TRACE}01${PARENT}0201`, "hex");
    const seen = parse(await front.get("7", metadataOf({ "grpc-trace-bin": bytes })));
    expect(seen["traceparent"]).toBe(PARENT_LINE);
    expect(seen["grpc-trace-bin"]).toEqual({ type: "Buffer", data: [...bytes] });
  });

  it("trusts by the address of whoever called", async () => {
    const trusting = (cidr: string) =>
      ingress({ trust: "restart", trustRules: [{ when: { cidr: [cidr] }, trust: "continue" }] });
    for (const [cidr, wanted] of [
      ["127.0.0.0/8", PARENT_LINE],
      ["10.0.0.0/8", undefined],
    ] as const) {
      const { front } = await startPair({ boundary: trusting(cidr) });
      expect(parse(await front.get("7", metadataOf({ traceparent: PARENT_LINE })))["traceparent"]).toBe(wanted);
    }
  });

  it("writes nothing into metadata that the service uses for many calls", async () => {
    const shared = new Metadata();
    const { front } = await startPair({}, shared);
    const lines = Array.from({ length: 200 }, (_, at) => lineOf(at));
    const seen = await Promise.all(lines.map((line) => front.get("7", metadataOf({ traceparent: line }))));
    expect(seen.map((text) => parse(text)["traceparent"])).toEqual(lines);
    expect(shared.getMap()).toEqual({});
  });

  it("carries the context of a served call into any other client", async () => {
    const echo: Service = await startEcho();
    const outbound = createOutbound({ boundary: ingress(), targets: ["127.0.0.1"] });
    const service = await startGrpc(
      {
        get: (_call: Unary, answer: sendUnaryData<string>) => {
          void fetch(echo.url)
            .then((response) => response.text())
            .then((text) => answer(null, text));
        },
      },
      { interceptors: [serverInterceptor(outbound)] },
    );
    const front = connectGrpc(service.address);
    opened.push(echo.close, () => outbound.close(), service.close, front.close);
    const lines = JSON.parse(await front.get("7", metadataOf({ traceparent: PARENT_LINE }))) as string[];
    expect(valuesOf(lines, "traceparent")).toEqual([PARENT_LINE]);
  });
});

it.each([
  ["spiffe://eu/shop", true],
  ["spiffe://us/shop", false],
])("a caller whose certificate names %s is believed: %s", async (name, believed) => {
  const policy = {
    trust: "restart",
    trustRules: [{ when: { identity: ["spiffe://eu/*"] }, trust: "continue" }],
  } as const;
  const outbound = createOutbound({ boundary: ingress(policy), targets: ["127.0.0.1"], servers: false });
  const authority = await createAuthority();
  const [server, caller] = await Promise.all([authority.issue(["shop.internal"]), authority.issue([name])]);
  const [ca, key, cert] = [authority.ca, server.key, server.cert].map((text) => Buffer.from(text));
  const service = await startGrpc(
    {
      get: (_call: Unary, answer: sendUnaryData<string>) =>
        answer(null, outbound.current()?.carried().context?.traceId ?? "none"),
      watch: (call: Duplex) => call.end(),
    },
    { interceptors: [serverInterceptor(outbound)] },
    ServerCredentials.createSsl(ca!, [{ private_key: key!, cert_chain: cert! }], true),
  );
  const secured = credentials.createSsl(ca, Buffer.from(caller.key), Buffer.from(caller.cert));
  const client = connectGrpc(service.address, { "grpc.ssl_target_name_override": "shop.internal" }, secured);
  opened.push(() => outbound.close(), service.close, client.close);
  expect(await client.get("who am I", metadataOf({ traceparent: PARENT_LINE }))).toBe(believed ? TRACE : "none");
});
