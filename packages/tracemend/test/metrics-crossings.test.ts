import { describe, expect, it } from "vitest";
import { createCrossingCounters } from "../src/metrics-crossings.ts";
import { createMetricsText } from "../src/metrics.ts";
import { crossingOf } from "./crossing.ts";

describe("the counters of crossings", () => {
  it("count crossings by verdict, parent and outcome", () => {
    const counters = createCrossingCounters();
    counters.crossed(crossingOf([]));
    counters.crossed(crossingOf([]));
    counters.crossed(crossingOf([], { status: 502, failure: { kind: "connect", side: "upstream" } }));
    const text = createMetricsText();
    counters.write(text);
    expect(text.toString().split("\n").slice(2, 4)).toEqual([
      'tracemend_crossings_total{boundary="edge",action="start",reason="no-context",parent="own",status="2xx",failure="none"} 2',
      'tracemend_crossings_total{boundary="edge",action="start",reason="no-context",parent="own",status="5xx",failure="upstream"} 1',
    ]);
  });

  it("count requests by route, and every try by upstream", () => {
    const counters = createCrossingCounters();
    const failure = { kind: "lost", side: "upstream" } as const;
    const one = { spanId: undefined, upstream: undefined, startMs: 0, endMs: 1, status: undefined, failure };
    counters.crossed(crossingOf([]));
    counters.crossed(crossingOf([], { tries: [one, { ...one, status: 200, failure: undefined }] }));
    const text = createMetricsText();
    counters.write(text);
    const lines = text.toString().split("\n");
    expect(lines).toContain(
      'tracemend_route_requests_total{boundary="edge",route="route 0",status="2xx",failure="none"} 2',
    );
    expect(lines).toContain('tracemend_route_bytes_total{boundary="edge",route="route 0",of="request"} 0');
    expect(lines).toContain('tracemend_route_bytes_total{boundary="edge",route="route 0",of="answer"} 10');
    const seconds = 'boundary="edge",route="route 0"';
    for (const [le, count] of Object.entries({ "0.01": 0, "0.025": 2, "10": 2, "+Inf": 2 }))
      expect(lines).toContain(`tracemend_route_seconds_bucket{${seconds},le="${le}"} ${count}`);
    expect(lines).toContain(`tracemend_route_seconds_sum{${seconds}} 0.025`);
    expect(lines).toContain(`tracemend_route_seconds_count{${seconds}} 2`);
    expect(lines).toContain('tracemend_upstream_seconds_bucket{boundary="edge",upstream="catalogue",le="0.005"} 2');
    expect(lines).toContain('tracemend_upstream_seconds_count{boundary="edge",upstream="catalogue"} 3');
    const tries = 'tracemend_upstream_tries_total{boundary="edge",upstream="catalogue",';
    expect(lines).toContain(`${tries}status="2xx",failure="none"} 2`);
    expect(lines).toContain(`${tries}status="none",failure="upstream"} 1`);
  });

  it("count the copies for mirrors apart", () => {
    const counters = createCrossingCounters();
    const copy = { service: "shadow", mirrored: true } as const;
    counters.mirrored(crossingOf([], { ...copy, status: 500 }));
    for (const kind of ["abandoned", "abandoned", "lost"])
      counters.mirrored(crossingOf([], { ...copy, failure: { kind, side: "upstream" } }));
    const text = createMetricsText();
    counters.write(text);
    const lines = text.toString().split("\n");
    for (const [outcome, count] of Object.entries({ answered: 1, abandoned: 2, failed: 1 }))
      expect(lines).toContain(
        `tracemend_mirrored_requests_total{boundary="edge",route="route 0",upstream="shadow",outcome="${outcome}"} ${count}`,
      );
    expect(text.toString()).not.toMatch(/^tracemend_crossings_total\{/m);
  });
});
