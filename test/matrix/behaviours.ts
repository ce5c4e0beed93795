/** What a border does, whatever is spoken on either side of it. */
import type { Behaviour } from "./behaviour.ts";
import { CONTEXT_BEHAVIOURS } from "./context-behaviours.ts";
import { ENDING_BEHAVIOURS } from "./ending-behaviours.ts";
import { MIRROR_BEHAVIOURS } from "./mirror-behaviours.ts";
import { STREAM_BEHAVIOURS } from "./stream-behaviours.ts";

export const BEHAVIOURS: readonly Behaviour[] = [
  ...CONTEXT_BEHAVIOURS,
  ...STREAM_BEHAVIOURS,
  ...ENDING_BEHAVIOURS,
  ...MIRROR_BEHAVIOURS,
];
