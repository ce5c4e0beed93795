/** A propagator from a list of names, as `OTEL_PROPAGATORS` holds one. Source: OpenTelemetry, SDK environment variables. */
import type { TextMapPropagator } from "@opentelemetry/api";

/** What a name stands for; it is made only where the list has the name. */
export type KnownPropagators = Readonly<Record<string, () => TextMapPropagator>>;

/**
 * `"tracemend,baggage"` → all of them in order; `"none"` → nothing is read or written. Throws a `TypeError` for a name
 * that is not known, and for two propagators that write the same field: the later would undo the earlier.
 */
export function createPropagatorFrom(list: string, known: KnownPropagators): TextMapPropagator {
  const names = new Set(list.split(",").map((name) => name.trim()));
  names.delete("");
  if (names.has("none")) names.clear();
  const propagators = [...names].map((name) => {
    const make = Object.hasOwn(known, name) ? known[name] : undefined;
    if (make === undefined)
      throw new TypeError(`propagators has ${JSON.stringify(name)}; known are ${Object.keys(known).join(", ")}, none`);
    return make();
  });
  const fields = propagators.flatMap((propagator) => propagator.fields());
  const twice = fields.find((field, at) => fields.indexOf(field) !== at);
  if (twice !== undefined)
    throw new TypeError(`propagators is ${JSON.stringify(list)}; only one of them may write ${twice}`);
  return {
    fields: () => fields,
    inject: (context, bearer, setter) => {
      for (const propagator of propagators) propagator.inject(context, bearer, setter);
    },
    extract: (context, bearer, getter) =>
      propagators.reduce((extracted, propagator) => propagator.extract(extracted, bearer, getter), context),
  };
}
