import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createLedger } from "../src/ledger.ts";
import type { Fate } from "../src/ledger.ts";
import { expectBalanced, rowOf } from "./batches.ts";

const fates: readonly Fate[] = [
  "exported",
  "refusedByPeer",
  { sampledOut: "slow" },
  { dropped: "shutdown" },
  { dropped: "retry-expired" },
];

describe("the ledger", () => {
  test("adds up after every move, whatever the moves are", () => {
    const move = fc.record({
      destination: fc.constantFrom("a", "b"),
      signal: fc.constantFrom("traces" as const, "logs" as const),
      items: fc.nat(1_000),
      end: fc.constantFrom("queued" as const, "inFlight" as const, "lost" as const, "turnedAway" as const),
      fate: fc.constantFrom(...fates),
    });
    let rows = 0;
    fc.assert(
      fc.property(fc.array(move), (moves) => {
        const ledger = createLedger();
        const accounts = { a: ledger.account("a"), b: ledger.account("b") };
        for (const { destination, signal, items, end, fate } of moves) {
          const account = accounts[destination];
          if (end === "turnedAway") account.turnedAway(signal, items);
          else if (end === "lost") account.lost(signal, items, "queue-full");
          else {
            account.queued(signal, items);
            expectBalanced(ledger.rows());
            if (end === "inFlight") account.sent(signal, items);
            expectBalanced(ledger.rows());
            account.settled(end, signal, items, fate);
          }
          expectBalanced(ledger.rows());
        }
        rows += ledger.rows().length;
      }),
    );
    expect(rows).toBeGreaterThan(0);
  });

  test("has a row for each signal a destination has met", () => {
    const ledger = createLedger();
    const account = ledger.account("a");
    ledger.account("quiet");
    account.queued("traces", 1);
    account.turnedAway("logs", 2);
    expect(ledger.rows().map((row) => `${row.destination} ${row.signal}`)).toEqual(["a traces", "a logs"]);
  });

  test("gives rows away that do not change any more", () => {
    const ledger = createLedger();
    const account = ledger.account("a");
    account.queued("traces", 1);
    const before = rowOf(ledger.rows(), "a");
    account.settled("queued", "traces", 1, { dropped: "shutdown" });
    expect(before).toMatchObject({ queued: 1, dropped: { shutdown: 0 } });
  });
});
