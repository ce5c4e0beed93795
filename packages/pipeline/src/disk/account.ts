/** The account of a destination whose queue is on disk: what closing leaves there is still queued, and not lost. */
import type { Account } from "../ledger.ts";

export function keepOnShutdown(account: Account): Account {
  return {
    ...account,
    settled(from, signal, items, fate) {
      const stays = typeof fate === "object" && "dropped" in fate && fate.dropped === "shutdown";
      if (!stays) account.settled(from, signal, items, fate);
      else if (from === "inFlight") account.unsent(signal, items);
    },
  };
}
