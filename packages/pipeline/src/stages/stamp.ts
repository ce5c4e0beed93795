/** Writes configured resource attributes onto every batch; what the sender claimed under those keys gives way. */
import { defineStamp } from "@tracemend/otlp";
import type { Stage } from "../stage.ts";
import { checkStamp } from "./stamp-guard.ts";

export interface StampOptions {
  /** Resource attributes, as string values. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Told how many attributes of a batch were overwritten: a sender that claims to be another region, say. */
  readonly spoofed: (count: number) => void;
  /** Memory for what was stamped; default: new memory. */
  readonly allocate?: (bytes: number) => Uint8Array;
}

/** Throws a TypeError for an attribute that should not be on everything. */
export function stamp(options: StampOptions): Stage {
  if (Object.keys(options.attributes).length === 0) return (next) => next;
  checkStamp(options.attributes);
  const apply = defineStamp(options.attributes, options.allocate);
  return (next) => ({
    accept(batch, signal) {
      const stamped = apply(batch);
      if (stamped.spoofed > 0) options.spoofed(stamped.spoofed);
      return next.accept(stamped.batch, signal);
    },
    close: (signal) => next.close(signal),
  });
}
