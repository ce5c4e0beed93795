/** What policies look for in spans: each watch is asked until it has seen it once in a trace. */
import { FoundAttributes, defineAttributeKeys } from "@tracemend/otlp";
import type { AttributeValue, SpanView } from "@tracemend/otlp";
import type { Trace } from "./trace.ts";

interface Watch {
  readonly key: string | undefined;
  readonly sees: (span: SpanView) => boolean;
}

export interface Watches {
  readonly count: number;
  /** Sees whether an attribute of a span or its resource is so; the number under which traces have the answer. */
  attribute(key: string, test: (value: AttributeValue) => boolean): number;
  span(test: (span: SpanView) => boolean): number;
  look(span: SpanView, trace: Trace): void;
}

export function createWatches(): Watches {
  const watches: Watch[] = [];
  const keys: string[] = [];
  let wanted = defineAttributeKeys([]);
  const found = new FoundAttributes();
  const add = (watch: Watch): number => watches.push(watch) - 1;
  return {
    get count() {
      return watches.length;
    },
    attribute(key, test) {
      let place = keys.indexOf(key);
      if (place < 0) {
        wanted = defineAttributeKeys([...keys, key]);
        place = keys.push(key) - 1;
      }
      const is = (value: AttributeValue | undefined): boolean => value !== undefined && test(value);
      return add({ key, sees: (span) => is(found.value(place)) || is(span.resourceAttribute(key)) });
    },
    span: (test) => add({ key: undefined, sees: test }),
    look(span, trace) {
      const { seen } = trace;
      let looked = false;
      for (let at = 0; at < watches.length; at++) {
        if (seen[at] === true) continue;
        const watch = watches[at] as Watch;
        if (watch.key !== undefined && !looked) {
          span.attributes(wanted, found);
          looked = true;
        }
        if (watch.sees(span)) seen[at] = true;
      }
    },
  };
}
