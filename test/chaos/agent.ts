/** An agent as a process of its own, to be killed: an OTLP/HTTP receiver before one destination with a queue on disk. */
import process from "node:process";
import { createHttpReceiver, createPipeline } from "@tracemend/pipeline";
import type { DestinationOptions, LedgerRow } from "@tracemend/pipeline";

/** From the parent: begin, once; say the ledger; end in good order. */
export type Question =
  | { readonly kind: "open"; readonly destination: DestinationOptions }
  | { readonly kind: "ledger" | "close" };

/** To the parent: an answer to each question. */
export type Message =
  | { readonly kind: "listening"; readonly port: number }
  | { readonly kind: "ledger" | "closed"; readonly rows: readonly LedgerRow[] };

const say = (message: Message): void => void process.send?.(message);

process.once("message", (question: Question) => {
  if (question.kind === "open") void open(question.destination);
});
process.once("disconnect", () => process.exit());

async function open(destination: DestinationOptions): Promise<void> {
  const pipeline = createPipeline({ destinations: [destination] });
  const receiver = await createHttpReceiver({}, pipeline);

  const end = async (): Promise<void> => {
    const deadline = AbortSignal.timeout(10_000);
    await receiver.close(deadline);
    await pipeline.close(deadline);
    say({ kind: "closed", rows: pipeline.ledger() });
  };

  process.on("message", ({ kind }: Question) => {
    if (kind === "ledger") say({ kind, rows: pipeline.ledger() });
    if (kind === "close") void end();
  });
  say({ kind: "listening", port: receiver.address.port });
}
