/** Chains of services, borders and hops that record nothing, through several clusters: who is at fault in each trial is known. */
import { formatTraceparent, fieldValue, parseTraceparent } from "@tracemend/context";
import type { Boundary, FieldLines } from "@tracemend/context";
import { defineBoundary } from "@tracemend/context";
import type { SpanRecord } from "@tracemend/otlp";
import { pass } from "./border.ts";
import type { Cut, Entry } from "./cut.ts";
import { dropped, ghostParent, restarted, truncated } from "./cut.ts";
import { detect } from "./detector.ts";
import type { Emission } from "./emission.ts";
import { flagsOf } from "./emission.ts";
import { exportAll } from "./exporter.ts";
import type { Hop } from "./hop.ts";
import { ghostParentBefore, malform, restartTrace, stripAll, stripW3c } from "./hop.ts";
import type { Random } from "./random.ts";
import { createRandom, seedOf } from "./random.ts";
import { EPOCH_MS } from "./replay.ts";
import type { StimulusEvent } from "./stimulus.ts";
import { DRAIN_MS } from "./stimulus.ts";
import { createWorld } from "./world.ts";

type Place =
  | { readonly kind: "service"; readonly name: string }
  | { readonly kind: "border"; readonly name: string; readonly side: "ingress" | "egress"; readonly cluster: string }
  /** Records nothing: a CDN or gateway between borders, a sidecar before a service. */
  | { readonly kind: "hop"; readonly name: string };

export interface Topology {
  readonly name: string;
  readonly places: readonly Place[];
}

const service = (name: string): Place => ({ kind: "service", name });
const out = (cluster: string): Place => ({ kind: "border", name: `${cluster}-out`, side: "egress", cluster });
const into = (cluster: string): Place => ({ kind: "border", name: `${cluster}-in`, side: "ingress", cluster });
const hop = (name: string): Place => ({ kind: "hop", name });

export const TOPOLOGIES: readonly Topology[] = [
  { name: "two clusters and a CDN", places: [service("front"), out("eu"), hop("cdn"), into("us"), service("shop")] },
  {
    name: "a gateway, a sidecar and a call inside",
    places: [
      service("front"),
      out("eu"),
      hop("gateway"),
      into("us"),
      hop("sidecar"),
      service("shop"),
      service("stock"),
    ],
  },
  {
    name: "three clusters",
    places: [
      service("front"),
      out("eu"),
      hop("cdn"),
      into("us"),
      hop("sidecar"),
      service("shop"),
      out("us"),
      hop("gateway"),
      into("ap"),
      service("store"),
    ],
  },
];

/** What a culprit does to headers, or what the service behind it makes of the context. */
interface Fault {
  readonly name: string;
  readonly hop?: Hop;
  readonly cut?: Cut;
}

const BETWEEN_BORDERS: readonly Fault[] = [
  { name: "strips all but the carrier", hop: stripW3c },
  { name: "strips everything", hop: stripAll },
  { name: "restarts", hop: restartTrace },
  { name: "puts itself between", hop: ghostParentBefore },
  { name: "malforms", hop: malform },
];
const BEFORE_SERVICE: readonly Fault[] = [
  { name: "drops", cut: dropped },
  { name: "puts itself between", cut: ghostParent },
];
const IN_SERVICE: readonly Fault[] = [
  { name: "drops", cut: dropped },
  { name: "restarts with a link", cut: restarted },
  { name: "truncates ids", cut: truncated },
];

export interface Culprit {
  readonly topology: Topology;
  /** Its place in the chain. */
  readonly at: number;
  readonly fault: Fault;
  /** What the diagnosis calls it. */
  readonly called: string;
}

export interface LocalisationTrial {
  readonly topology: string;
  readonly culprit: string;
  readonly fault: string;
  readonly wanted: string;
  /** The hop of the first break, and what it is called; "nothing" without one. */
  readonly named: string;
  readonly kind: string;
}

/** Every culprit that something can tell of: before the first border, and in a service that no one calls, nothing can. */
export function culprits(): readonly Culprit[] {
  return TOPOLOGIES.flatMap((topology) =>
    topology.places.flatMap((place, at): readonly Culprit[] => {
      const before = topology.places[at - 1];
      const behind = topology.places[at + 1];
      if (place.kind === "hop" && before?.kind === "border" && behind?.kind === "border") {
        const called = `the hop between the border of cluster ${before.cluster} and ${behind.name} (cluster ${behind.cluster})`;
        return BETWEEN_BORDERS.map((fault) => ({ topology, at, fault, called }));
      }
      if (place.kind === "hop" && before !== undefined && behind?.kind === "service") {
        const called = `the hop between ${before.name} and service ${behind.name}`;
        return BEFORE_SERVICE.map((fault) => ({ topology, at, fault, called }));
      }
      if (place.kind !== "service" || before === undefined || before.kind === "hop") return [];
      // Between two services only the CLIENT span of the caller tells of the request.
      const faults = before.kind === "border" ? IN_SERVICE : IN_SERVICE.slice(0, 1);
      return faults.map((fault) => ({ topology, at, fault, called: `service ${place.name}` }));
    }),
  );
}

const REQUESTS = 300;
const EVERY_MS = 100;
const SHARE = 0.3;
const UNSAMPLED = 0.05;
const FIRST_PORT = 32_768;
const FOREIGN_FIRST_PORT = 10_000;

export async function locate(culprit: Culprit, seed: number): Promise<LocalisationTrial> {
  const { topology, at, fault, called } = culprit;
  const report = await detect(stageChain(culprit, seed), {
    seed: seedOf(seed, "hash"),
    readEveryMs: Infinity,
    read: () => undefined,
  });
  const [first] = report.breaks.filter(({ kind }) => kind !== "clock-skew" && kind !== "export-loss");
  return {
    topology: topology.name,
    culprit: (topology.places[at] as Place).name,
    fault: fault.name,
    wanted: called,
    named: first?.edge.hop ?? "nothing",
    kind: first?.kind ?? "",
  };
}

function stageChain(culprit: Culprit, seed: number) {
  const { topology, at, fault } = culprit;
  const random = createRandom(seedOf(seed, topology.name, at, fault.name));
  const world = createWorld(random);
  const chain = createChain(culprit, random, (name) => world.tellsRemote(name));
  for (let request = 0; request < REQUESTS; request += 1) {
    chain.pass(request, EPOCH_MS + request * EVERY_MS + random.between(0, EVERY_MS), random.chance(SHARE));
  }
  const { events, emissions } = chain;
  for (const { record, instance } of emissions) {
    record.startMs += world.clockMs(instance);
    record.endMs += world.clockMs(instance);
  }
  for (const delivery of exportAll(emissions, { world, random }).deliveries) {
    events.push({ kind: "delivery", ...delivery });
  }
  const untilMs = EPOCH_MS + REQUESTS * EVERY_MS + DRAIN_MS;
  return { startMs: EPOCH_MS, untilMs, events: events.sort((a, b) => a.atMs - b.atMs) };
}

interface Chain {
  pass(request: number, startMs: number, struck: boolean): void;
  readonly events: StimulusEvent[];
  readonly emissions: Emission[];
}

interface Times {
  readonly startMs: number;
  readonly endMs: number;
}

function createChain(
  { topology: { places }, at: culpritAt, fault }: Culprit,
  random: Random,
  tellsRemote: (service: string) => boolean,
): Chain {
  const events: StimulusEvent[] = [];
  const emissions: Emission[] = [];
  const boundaries = places.map((place) => (place.kind === "border" ? boundaryOf(place) : undefined));

  /** From the outside in and back out again: each place takes its time on both ways. */
  const timesOf = (startMs: number): readonly Times[] => {
    const starts: number[] = [];
    let ms = startMs;
    for (const { kind } of places) {
      starts.push(ms);
      ms += kind === "service" ? random.between(2, 12) : random.between(0.2, 2);
    }
    const ends: number[] = [];
    for (const { kind } of places.toReversed()) {
      ms += kind === "service" ? random.between(1, 8) : random.between(0.2, 2);
      ends.unshift(ms);
    }
    return starts.map((start, place) => ({ startMs: start, endMs: ends[place] as number }));
  };

  const emit = (
    name: string,
    record: Omit<SpanRecord, "name" | "attributes">,
    attributes: Record<string, string | number>,
  ) => {
    const instance = `${name}-1`;
    emissions.push({
      service: name,
      instance,
      endMs: record.endMs,
      elsewhere: false,
      record: { ...record, name: "/cart", attributes },
    });
  };

  /** What leaves a service that got these lines over a connection from this port. */
  const serve = (
    place: number,
    name: string,
    lines: FieldLines,
    { startMs, endMs }: Times,
    port: number,
    requestId: string,
    cut: Cut | undefined,
  ): FieldLines => {
    const parsed = parseTraceparent(fieldValue(lines, "traceparent") ?? "");
    const came: Entry =
      parsed.kind === "valid"
        ? {
            traceId: parsed.context.traceId,
            parentId: parsed.context.parentId,
            sampled: (parsed.context.flags & 1) === 1,
            links: [],
          }
        : { traceId: random.traceId(), parentId: "", sampled: !random.chance(UNSAMPLED), links: [] };
    const entry = cut === undefined || !came.sampled ? came : (cut(came, { startMs, earlier: [], random }) ?? came);
    const { traceId, parentId, sampled, links } = entry;
    const [serverId, clientId] = [random.spanId(), random.spanId()];
    const behind = places[place + 1];
    if (sampled) {
      const remote = flagsOf(tellsRemote(name), parentId !== "");
      const parent = parentId === "" ? {} : { parentSpanId: parentId };
      const server = { traceId, spanId: serverId, ...parent, flags: remote, kind: "server", startMs, endMs } as const;
      const shown = { "url.path": "/cart", "http.request.header.x-request-id": requestId };
      emit(
        name,
        { ...server, ...(links.length === 0 ? {} : { links }) },
        port === 0 ? shown : { ...shown, "network.peer.port": port },
      );
    }
    if (sampled && behind !== undefined) {
      const flags = flagsOf(tellsRemote(name), false);
      const ids = { traceId, spanId: clientId, parentSpanId: serverId, flags, kind: "client" } as const;
      emit(name, { ...ids, startMs: startMs + 1.5, endMs: endMs - 0.5 }, { "server.address": behind.name });
    }
    const left = { traceId, parentId: clientId, flags: sampled ? 1 : 0, tracestate: "" };
    const state = fieldValue(lines, "tracestate");
    return [
      "traceparent",
      formatTraceparent(left),
      ...(state === undefined || cut !== undefined ? [] : ["tracestate", state]),
    ];
  };

  return {
    events,
    emissions,
    pass(request, originMs, struck) {
      const times = timesOf(originMs);
      const requestId = random.traceId();
      let lines: FieldLines = [];
      let port = 0;
      for (const [at, place] of places.entries()) {
        const { startMs, endMs } = times[at] as Times;
        const faulty = struck && at === culpritAt;
        if (place.kind === "hop") {
          if (faulty && fault.hop !== undefined) lines = fault.hop(lines, random);
          port = FOREIGN_FIRST_PORT + (request % 1_000);
        } else if (place.kind === "service") {
          const before = places[at - 1];
          const byHop = struck && before?.kind === "hop" && culpritAt === at - 1;
          lines = serve(
            at,
            place.name,
            lines,
            { startMs, endMs },
            port,
            requestId,
            faulty || byHop ? fault.cut : undefined,
          );
          port = 0;
        } else {
          const upstream = upstreamOf(places, at);
          const came = { lines, operation: "/cart", startMs, endMs, requestId, from: "10.0.0.7" };
          const passed = pass(boundaries[at] as Boundary, upstream, came, random);
          port = FIRST_PORT + ((request * places.length + at) % 28_000);
          const crossing = { ...passed.crossing, upstream: { ...passed.crossing.upstream, localPort: port } };
          events.push({ kind: "crossing", atMs: endMs, crossing });
          if (passed.ownSpans.length > 0) events.push({ kind: "own-spans", atMs: endMs, records: passed.ownSpans });
          lines = passed.lines;
        }
      }
    },
  };
}

function boundaryOf({ name, side, cluster }: Extract<Place, { kind: "border" }>): Boundary {
  const policy = side === "egress" ? { carrier: { send: true } } : ({ repair: "on", carrier: { read: true } } as const);
  return defineBoundary({ name, side, cluster, policy });
}

/** The name that a border has for what is behind it: the service, or the way into the next cluster. */
function upstreamOf(places: readonly Place[], at: number): string {
  const behind = places.slice(at + 1).find(({ kind }) => kind !== "hop");
  return behind === undefined ? "nobody" : behind.kind === "service" ? behind.name : `${behind.name}-gateway`;
}
