/** A worker's process: the boundaries of the configuration; room for spans, observers and the word to end are the program's. */
import { randomFillSync } from "node:crypto";
import process from "node:process";
import { createIds } from "@tracemend/context";
import type { Boundaries } from "../boundaries.ts";
import { createBoundaries } from "../boundaries.ts";
import { ConfigError } from "../config-file.ts";
import { createEndpointWatch } from "../endpoints.ts";
import { rememberPems } from "../pem.ts";
import { createSpanSource } from "../span-source.ts";
import type { FromWorker, Job, LeaseTerms, OpenedListener, ToWorker } from "./message.ts";
import { createOutbox } from "./outbox.ts";

/** A message costs some 50 µs on both sides together; what is told together waits so long. */
const HANDOVER_MS = 20;

const STATE_MS = 1_000;

function start(): void {
  let terms: LeaseTerms = { slotBytes: 0, spare: 0 };
  let boundaries: Boundaries | undefined;
  const opened: OpenedListener[] = [];
  const cut = new AbortController();
  const send = (message: FromWorker): void => void process.send?.(message);
  const outbox = createOutbox({ terms: () => terms, send, soon: (run) => void setTimeout(run, HANDOVER_MS) });

  const apply = async ({ config, pems, resource, version, lease }: Job): Promise<void> => {
    terms = lease;
    boundaries ??= createBoundaries({
      spans: createSpanSource({
        pipeline: outbox.lease,
        ids: createIds(randomFillSync),
        resource,
        version,
        later: (leave) => outbox.before(leave),
      }),
      observer: outbox,
      watch: createEndpointWatch((service, reason) => send({ kind: "endpoints", service, reason })),
      listening: (name, address) => opened.push({ name, address }),
    });
    await boundaries.apply(config, rememberPems(config.folder, pems));
  };
  const close = async (): Promise<void> => {
    await boundaries?.close(cut.signal);
    await outbox.empty();
    process.exit(0);
  };
  let before = "";
  const tellState = (): void => {
    const state = { upstreams: boundaries?.upstreams() ?? [], refusals: boundaries?.refusals() ?? [] };
    const text = JSON.stringify(state);
    if (text === before) return;
    before = text;
    send({ kind: "state", ...state });
  };

  process.on("message", (message: ToWorker) => {
    switch (message.kind) {
      case "apply":
        return void apply(message).then(
          () => send({ kind: "applied", listeners: opened.splice(0) }),
          (error: Error) =>
            send({ kind: "refused", message: error.message, misconfigured: error instanceof ConfigError }),
        );
      case "room":
        return outbox.lease.granted(message.slots);
      case "withdraw":
        return outbox.lease.withdraw();
      case "taken":
        return outbox.taken();
      case "close":
        return void close();
      case "cut":
        return cut.abort();
    }
  });
  setInterval(tellState, STATE_MS).unref();
}

// A terminal and an init system signal the whole group: the program alone says when to drain and when to read files.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
start();
