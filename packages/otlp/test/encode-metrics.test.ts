import { describe, expect, it } from "vitest";
import { encodeGauges, readBatch } from "@tracemend/otlp";
import { decodeBatch } from "./support/reference.ts";

const batch = encodeGauges({ "service.name": "tracemend" }, { name: "tracemend", version: "1" }, [
  {
    name: "tracemend.breaks",
    description: "Requests whose trace broke",
    unit: "{request}",
    points: [
      { atMs: 1_700_000_000_000, value: 3, attributes: { kind: "ghost-hop" } },
      { atMs: 1_700_000_000_000, value: 0.5, attributes: {} },
    ],
  },
]);

describe("encodeGauges", () => {
  it("writes what an independent reader reads, and counts its points", () => {
    expect(decodeBatch(batch)).toMatchObject({
      resourceMetrics: [
        {
          scopeMetrics: [
            {
              metrics: [
                {
                  name: "tracemend.breaks",
                  description: "Requests whose trace broke",
                  unit: "{request}",
                  gauge: {
                    dataPoints: [
                      {
                        timeUnixNano: "1700000000000000000",
                        asDouble: 3,
                        attributes: [{ key: "kind", value: { stringValue: "ghost-hop" } }],
                      },
                      { timeUnixNano: "1700000000000000000", asDouble: 0.5 },
                    ],
                  },
                },
              ],
            },
          ],
        },
      ],
    });
    expect(readBatch("metrics", batch.parts[0] as Uint8Array)).toMatchObject({ batch: { items: 2 } });
  });
});
