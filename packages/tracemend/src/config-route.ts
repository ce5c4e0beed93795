/** Routes, upstreams and TLS in the configuration's words, and from there the options that proxy checks. */
import type {
  DirectAnswer,
  FieldChanges,
  ForwardingOptions,
  MirrorOptions,
  ProxyOptions,
  ProxyProtocolOptions,
  Route,
  UpstreamOptions,
} from "@tracemend/proxy";
import { z } from "zod";
import { fieldName, rename } from "./config-policy.ts";

const name = z.string().min(1);
const ms = z.number().positive();
const count = z.int().positive();

const certificate = { cert_file: name, key_file: name };

/** With `client_ca_file`, a client certificate it signed is demanded. */
export const serverTls = z.strictObject({ ...certificate, client_ca_file: name.optional() });

export type ServerTlsConfig = z.output<typeof serverTls>;

export const boundaryTls = z
  .strictObject({
    ...certificate,
    others: z.array(z.strictObject(certificate)).optional(),
    client_ca_file: name.optional(),
    client_auth: z.enum(["require", "optional"]).optional(),
  })
  .refine(({ client_ca_file: ca, client_auth: asked }) => asked === undefined || ca !== undefined, {
    path: ["client_auth"],
    message: "must be absent where client_ca_file is",
  });

export const proxyProtocolSchema = z.strictObject({
  trusted: z.array(name).min(1),
  timeout_ms: ms.optional(),
});

/** Of a listener; an upstream may have other ones. */
export const timeoutsSchema = z.strictObject({
  connect_ms: ms.optional(),
  answer_ms: ms.optional(),
  idle_ms: ms.optional(),
  head_ms: ms.optional(),
  keep_alive_ms: ms.optional(),
});

export const limitsSchema = z.strictObject({
  connections: count.optional(),
  head_bytes: count.optional(),
  target_bytes: count.optional(),
  body_bytes: count.optional(),
  streams: count.optional(),
  waiting: count.optional(),
});

export const clientTls = z.strictObject({
  ca_file: name.optional(),
  cert_file: name.optional(),
  key_file: name.optional(),
  server_name: name.optional(),
});

export const forwardingSchema = z.strictObject({
  x_forwarded: z.boolean().optional(),
  forwarded: z.boolean().optional(),
  trusted: z.array(name).optional(),
  via: name.optional(),
});

const match = z.strictObject({
  authority: name.optional(),
  path: z.string().startsWith("/").optional(),
  path_prefix: z.string().startsWith("/").optional(),
  path_template: z.string().startsWith("/").optional(),
  methods: z.array(name).min(1).optional(),
  headers: z
    .array(
      z.strictObject({
        name: fieldName,
        value: z.string().optional(),
        prefix: z.string().optional(),
        absent: z.boolean().optional(),
      }),
    )
    .optional(),
  grpc: name.optional(),
});

const fieldChanges = z.strictObject({
  set: z.record(fieldName, z.string()).optional(),
  remove: z.array(fieldName).optional(),
});

const exchangeTimeouts = { answer_ms: ms.optional(), idle_ms: ms.optional(), total_ms: ms.optional() };

/** Of traces that begin at a boundary. */
export const samplingSchema = z.strictObject({ ratio: z.number().min(0).max(1) });

export const routeSchema = z.strictObject({
  name: name.optional(),
  sampling: samplingSchema.optional(),
  timeouts: z.strictObject(exchangeTimeouts).optional(),
  match: match.prefault({}),
  upstream: name.optional(),
  split: z.array(z.strictObject({ upstream: name, weight: z.number().nonnegative() })).optional(),
  answer: z
    .strictObject({
      status: z.int(),
      body: z.string().optional(),
      type: z.string().optional(),
      fields: z.record(fieldName, z.string()).optional(),
    })
    .optional(),
  rewrite: z
    .strictObject({ path_prefix: z.string().startsWith("/").optional(), authority: name.optional() })
    .optional(),
  request_fields: fieldChanges.optional(),
  answer_fields: fieldChanges.optional(),
  traceresponse: z.array(z.enum(["traceresponse", "server-timing"])).optional(),
  mirror: z
    .strictObject({
      upstream: name,
      share: z.number().min(0).max(1).optional(),
      sampling: z.enum(["defer", "accept", "deny"]).optional(),
      host_suffix: name.optional(),
      buffer_bytes: count.optional(),
    })
    .optional(),
});

const kubernetes = z.strictObject({
  service: name,
  namespace: name.optional(),
  port: z.union([name, z.int().min(1).max(65_535)]).optional(),
  api_server: z.url({ protocol: /^https?$/ }).optional(),
  token_file: name.optional(),
  ca_file: name.optional(),
});

export const upstreamSchema = z.strictObject({
  url: z.url({ protocol: /^(?:https?|tcp)$/ }),
  protocol: z.enum(["http/1.1", "h2", "auto"]).default("auto"),
  service: name.optional(),
  tls: clientTls.optional(),
  connections: count.optional(),
  endpoints: z
    .union([
      z.array(z.union([name, z.strictObject({ address: name, weight: z.number().positive() })])).min(1),
      z.strictObject({ kubernetes }),
    ])
    .optional(),
  discovery: z.enum(["dns", "srv"]).optional(),
  balance: z.enum(["round-robin", "least-request", "hash"]).optional(),
  hash_field: fieldName.optional(),
  health: z
    .strictObject({
      path: z.string().startsWith("/").optional(),
      grpc: z.string().optional(),
      interval_ms: ms.optional(),
      timeout_ms: ms.optional(),
      healthy_after: count.optional(),
      unhealthy_after: count.optional(),
    })
    .optional(),
  ejection: z
    .strictObject({
      failures: count.optional(),
      base_ms: ms.optional(),
      max_ms: ms.optional(),
      share: z.number().positive().max(1).optional(),
    })
    .optional(),
  retry: z
    .strictObject({
      tries: count.optional(),
      try_ms: ms.optional(),
      statuses: z.array(z.int()).optional(),
      grpc_statuses: z.array(z.int()).optional(),
      buffer_bytes: count.optional(),
      budget: z.number().positive().optional(),
      least: z.number().positive().optional(),
      base_ms: ms.optional(),
      max_ms: ms.optional(),
    })
    .optional(),
  timeouts: z.strictObject({ connect_ms: ms.optional(), ...exchangeTimeouts }).optional(),
  limits: z.strictObject({ requests: count.optional(), waiting: count.optional() }).optional(),
  max_age_ms: ms.optional(),
});

export type RouteConfig = z.output<typeof routeSchema>;
export type UpstreamConfig = z.output<typeof upstreamSchema>;
export type BoundaryTlsConfig = z.output<typeof boundaryTls>;
export type ClientTlsConfig = z.output<typeof clientTls>;

export function forwardingOf(forwarding: z.output<typeof forwardingSchema> | undefined): {
  forwarding?: ForwardingOptions;
} {
  return forwarding === undefined ? {} : { forwarding: rename(forwarding) as ForwardingOptions };
}

export function engineOf(
  timeouts: z.output<typeof timeoutsSchema> | undefined,
  limits: z.output<typeof limitsSchema> | undefined,
): Pick<ProxyOptions, "timeouts" | "limits"> {
  return rename({ timeouts, limits }) as Pick<ProxyOptions, "timeouts" | "limits">;
}

export function proxyProtocolOf(proxyProtocol: z.output<typeof proxyProtocolSchema> | undefined): {
  proxyProtocol?: ProxyProtocolOptions;
} {
  return proxyProtocol === undefined ? {} : { proxyProtocol: rename(proxyProtocol) as ProxyProtocolOptions };
}

/** Without its TLS: that stands in files. `found`: where a file that is named is. */
export function upstreamOf(
  name: string,
  upstream: UpstreamConfig | undefined,
  found: (file: string) => string = (file) => file,
): UpstreamOptions {
  const { service: _service, tls: _tls, endpoints, ...rest } = upstream as UpstreamConfig;
  const watched = endpoints !== undefined && "kubernetes" in endpoints ? endpoints.kubernetes : undefined;
  const { token_file: token, ca_file: ca } = watched ?? {};
  const files = {
    ...(token === undefined ? {} : { token_file: found(token) }),
    ...(ca === undefined ? {} : { ca_file: found(ca) }),
  };
  const given = { ...rest, endpoints: watched === undefined ? endpoints : { kubernetes: { ...watched, ...files } } };
  return { name, ...(rename(given) as Omit<UpstreamOptions, "name">) };
}

export function routesOf(
  routes: readonly RouteConfig[],
  upstreamNamed: (name: string) => UpstreamOptions,
): readonly Route[] {
  return routes.map(({ upstream, split, answer, mirror, request_fields, answer_fields, ...rest }) => ({
    // Their keys are names of fields.
    ...(request_fields === undefined ? {} : { requestFields: request_fields as FieldChanges }),
    ...(answer_fields === undefined ? {} : { answerFields: answer_fields as FieldChanges }),
    ...(rename(rest) as Pick<Route, "name" | "match" | "rewrite" | "traceresponse" | "timeouts" | "sampling">),
    ...(upstream === undefined ? {} : { upstream: upstreamNamed(upstream) }),
    ...(split === undefined
      ? {}
      : { split: split.map(({ upstream: to, weight }) => ({ upstream: upstreamNamed(to), weight })) }),
    ...(answer === undefined ? {} : { answer: answer as DirectAnswer }),
    ...(mirror === undefined
      ? {}
      : {
          mirror: { ...(rename(mirror) as Omit<MirrorOptions, "upstream">), upstream: upstreamNamed(mirror.upstream) },
        }),
  }));
}
