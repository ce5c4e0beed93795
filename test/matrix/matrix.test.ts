/** Every behaviour over every pair of transports. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BEHAVIOURS } from "./behaviours.ts";
import type { Rig } from "./rig.ts";
import { createRig } from "./rig.ts";
import { TRANSPORTS } from "./transport.ts";

const PAIRS = TRANSPORTS.flatMap((from) => TRANSPORTS.map((to) => ({ from, to })));

describe.each(PAIRS)("a border from $from to $to", (pair) => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await createRig(pair);
  });
  afterAll(() => rig.close());
  const fitting = BEHAVIOURS.filter(({ only }) => only?.(pair) !== false);
  it.each(fitting.map((behaviour) => [behaviour.name, behaviour] as const))("%s", async (_name, behaviour) => {
    expect.hasAssertions();
    await behaviour.run(rig);
  });
});
