import { defineConfig } from "vitest/config";

const report = process.env["TRACEMEND_TEST_REPORT"];
const folder = (name: string, include: string, testTimeout = 15_000) => ({
  test: {
    name,
    include: [include],
    setupFiles: ["test/support/fast-check-seed.ts"],
    testTimeout,
    hookTimeout: testTimeout,
  },
});

export default defineConfig({
  test: {
    maxWorkers: 2,
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
    projects: [
      folder("unit", "packages/*/test/**/*.test.ts", 30_000),
      folder("fuzz", "test/fuzz/**/*.test.ts", 60_000),
      folder("surface", "test/surface/**/*.test.ts", 30_000),
      folder("conformance", "test/conformance/**/*.test.ts", 30_000),
      folder("matrix", "test/matrix/**/*.test.ts", 30_000),
      folder("smuggling", "test/smuggling/**/*.test.ts", 60_000),
      folder("gateways", "test/gateways/**/*.test.ts"),
      folder("chaos", "test/chaos/**/*.test.ts", 120_000),
      folder("e2e", "test/e2e/**/*.test.ts", 180_000),
    ],
  },
});
