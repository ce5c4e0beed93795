/** What the diagnosis may see of a crossing: its page shows paths, so they are redacted as those of spans are. */
import type { Crossing, Observer } from "@tracemend/context";
import { alterCrossing } from "@tracemend/context";
import type { RedactOptions } from "@tracemend/pipeline";
import { defineTextRedaction } from "@tracemend/pipeline";

export function redactCrossings(policy: RedactOptions | undefined, observer: Observer): Observer {
  if (policy === undefined) return observer;
  const redact = defineTextRedaction(policy);
  const shown = (crossing: Crossing): Crossing =>
    alterCrossing(crossing, { path: redact("url.path", crossing.path) ?? "/" });
  return { crossed: (crossing, waitUntil) => observer.crossed(shown(crossing), waitUntil) };
}
