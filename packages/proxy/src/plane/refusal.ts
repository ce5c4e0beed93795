/** A caller that was turned away before there was a request. */
import type { Peer } from "@tracemend/context";
import type { EngineSettings, Refusal, RefusalKind } from "./plane.ts";

export function refusalOf(
  settings: EngineSettings,
  peer: Peer,
  kind: RefusalKind,
  status: number | undefined,
  detail: string,
): Refusal {
  return { kind, peer, status, detail, atMs: settings.clock.now() };
}
