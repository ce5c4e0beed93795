/** Peers from Kubernetes: the ready endpoints of a service, by listing and watching its EndpointSlices. */
import { readFileSync } from "node:fs";
import process from "node:process";
import { Agent, request } from "undici";
import type { Dispatcher } from "undici";
import { createDeadline, pause } from "../clock.ts";
import { messageOf } from "../cause.ts";
import type { Clock } from "../clock.ts";
import { createBackoff } from "../forward/backoff.ts";
import { peersOf } from "./endpoint-slice.ts";
import type { EndpointSlice } from "./endpoint-slice.ts";
import { readLines } from "./lines.ts";
import { tellChanges } from "./resolver.ts";
import type { Resolver, ResolverEvents } from "./resolver.ts";

export interface KubernetesOptions {
  readonly service: string;
  /** Default: the pod's own. */
  readonly namespace?: string;
  /** Name or number of the slice's port; default: the port of the endpoint. */
  readonly port?: string | number;
  /** Default: the API server of the cluster the pod runs in. */
  readonly apiServer?: string;
  /** Read before each request, because tokens are rotated. Default: the one mounted into the pod. */
  readonly tokenFile?: string;
  readonly caFile?: string;
}

const mounted = "/var/run/secrets/kubernetes.io/serviceaccount";
/** The server ends a watch after so long; it is then taken up where it ended. */
const watchSeconds = 300;
const listTimeoutMs = 10_000;
const maxLineBytes = 4 * 1024 * 1024;

/** What arrives on a watch (Kubernetes API concepts, "Efficient detection of changes"). */
interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: EndpointSlice;
}

interface SliceList {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly EndpointSlice[];
}

type Body = Dispatcher.ResponseData["body"];

/** `port` is that of the endpoint. Throws when there is no API server to ask. */
export function watchKubernetes(
  port: number,
  options: KubernetesOptions,
  clock: Clock,
  random: () => number,
  events: ResolverEvents,
): Resolver {
  const { tokenFile = `${mounted}/token`, caFile = `${mounted}/ca.crt` } = options;
  const namespace = options.namespace ?? readText(`${mounted}/namespace`) ?? "default";
  const origin = apiServerOf(options);
  // A watch that is silent for longer than the server lets it last has lost its connection without a word.
  const bodyTimeout = 2 * watchSeconds * 1_000;
  const dispatcher = new Agent({ connect: { ca: readText(caFile) }, headersTimeout: listTimeoutMs, bodyTimeout });
  const url = new URL(`/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/endpointslices`, origin);
  url.searchParams.set("labelSelector", `kubernetes.io/service-name=${options.service}`);
  const life = new AbortController();
  const tell = tellChanges(events);
  const backoff = createBackoff(random);
  const slices = new Map<string, EndpointSlice>();
  let version = "";

  const get = async (query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Body> => {
    const target = new URL(url);
    for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value);
    const token = readText(tokenFile);
    const headers = {
      accept: "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const { statusCode, body } = await request(target, { dispatcher, headers, signal });
    if (statusCode === 200) return body;
    await body.dump();
    throw new Error(`the API server answered ${statusCode}`);
  };

  const tellAll = (): void => tell(peersOf([...slices.values()], options.port ?? port));

  const list = async (): Promise<void> => {
    const deadline = createDeadline(clock, listTimeoutMs, life.signal);
    const { items, metadata } = await get({}, deadline.signal)
      .then((body) => body.json() as Promise<SliceList>)
      .finally(() => deadline.clear());
    slices.clear();
    for (const slice of items) slices.set(slice.metadata.name, slice);
    version = metadata.resourceVersion;
    tellAll();
  };

  const apply = ({ type, object }: WatchEvent): void => {
    // 410 Gone, mostly: the version is too old to be watched from, and everything is listed anew.
    if (type === "ERROR") throw new Error("the watch ended with an error");
    version = object.metadata.resourceVersion;
    if (type === "BOOKMARK") return;
    if (type === "DELETED") slices.delete(object.metadata.name);
    else slices.set(object.metadata.name, object);
    tellAll();
  };

  const watch = async (): Promise<void> => {
    const query = { watch: "1", allowWatchBookmarks: "true", timeoutSeconds: String(watchSeconds) };
    const body = await get({ ...query, resourceVersion: version }, life.signal);
    for await (const line of readLines(body, maxLineBytes)) {
      apply(JSON.parse(line) as WatchEvent);
      backoff.reset();
    }
  };

  const run = async (): Promise<void> => {
    while (!life.signal.aborted) {
      try {
        if (version === "") await list();
        await watch();
      } catch (cause) {
        version = "";
        if (!life.signal.aborted) events.failed(messageOf(cause));
      }
      await pause(clock, backoff.nextMs(), life.signal);
    }
    await dispatcher.destroy();
  };

  void run();
  return { close: () => life.abort() };
}

/** Throws a TypeError where there is no API server to ask. */
export function apiServerOf({ apiServer }: KubernetesOptions): string {
  if (apiServer !== undefined) return apiServer;
  const host = process.env["KUBERNETES_SERVICE_HOST"];
  if (host === undefined) {
    throw new TypeError("apiServer must be given outside a cluster: KUBERNETES_SERVICE_HOST is not set");
  }
  return `https://${host.includes(":") ? `[${host}]` : host}:${process.env["KUBERNETES_SERVICE_PORT"] ?? "443"}`;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}
