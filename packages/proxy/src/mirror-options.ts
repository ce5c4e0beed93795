/** What a mirror is made of: its options, checked and completed once. */
import { oneOf, wrong } from "./check.ts";
import type { Limits, Timeouts } from "./plane/plane.ts";
import type { UpstreamOptions, UpstreamSettings } from "./upstream/options.ts";
import { completeUpstream, isTunnel } from "./upstream/options.ts";

/**
 * Whether the copies are recorded. `defer`: as the requests they are copies of. `accept`: always; where the request is
 * not, its copy begins a trace of its own. `deny`: never.
 */
export type MirrorSampling = "defer" | "accept" | "deny";

/** Copies of requests for a second upstream, whose answers are thrown away. */
export interface MirrorOptions {
  readonly upstream: UpstreamOptions;
  /** Of the requests, from 0 to 1; all where absent. */
  readonly share?: number;
  /** `defer` where absent. */
  readonly sampling?: MirrorSampling;
  /** Appended to the host that the copy asks for, before its port, such as `-shadow`. */
  readonly hostSuffix?: string;
  /** Of a body that the mirror has yet to take, 1,048,576 where absent. Where more would wait, the copy is abandoned. */
  readonly bufferBytes?: number;
}

/** A mirror; `T` is where its copies go. */
export interface MirrorOf<T> {
  readonly to: T;
  readonly share: number;
  readonly sampling: MirrorSampling;
  readonly hostSuffix: string;
  readonly bufferBytes: number;
}

const BUFFER_BYTES = 1_048_576;

/** Throws a `TypeError` that names the option and the value. */
export function completeMirror(
  mirror: MirrorOptions,
  option: string,
  engine: { readonly timeouts: Timeouts; readonly limits: Limits },
): MirrorOf<UpstreamSettings> {
  const { upstream, share = 1, sampling = "defer", hostSuffix = "", bufferBytes = BUFFER_BYTES } = mirror;
  if (!(share >= 0 && share <= 1)) throw wrong(`${option}.share`, share, "from 0 to 1");
  if (!/^[A-Za-z0-9._-]*$/.test(hostSuffix))
    throw wrong(`${option}.hostSuffix`, hostSuffix, "letters, digits and -._ of a host name");
  if (!Number.isFinite(bufferBytes) || bufferBytes <= 0)
    throw wrong(`${option}.bufferBytes`, bufferBytes, "a number above 0");
  oneOf(`${option}.sampling`, sampling, ["defer", "accept", "deny"]);
  const to = completeUpstream(upstream, `${option}.upstream`, engine);
  if (isTunnel(to.target)) throw wrong(`${option}.upstream.url`, to.target.url.href, "an http: or https: URL");
  return { to, share, sampling, hostSuffix, bufferBytes };
}

/** `shop:8080` → `shop-shadow:8080`. A literal IPv6 address stays: no name is made of it. */
export function suffixHost(authority: string, suffix: string): string {
  if (suffix === "" || authority.startsWith("[")) return authority;
  const port = authority.lastIndexOf(":");
  return port < 0 ? authority + suffix : authority.slice(0, port) + suffix + authority.slice(port);
}
