/** The program's standard output, where nobody reads it. */
import { expect, it } from "vitest";
import { openProgram } from "../support/opened.ts";

const CONFIG = `
cluster: eu-1
boundaries:
  - { name: in, side: ingress, listen: "127.0.0.1:0", routes: [{ answer: { status: 200, body: here } }] }
admin: { listen: "127.0.0.1:0" }
access_log: { format: json }
`;

it("requests are answered where the reader of the access log has gone, and the lines it misses are counted", async () => {
  const program = await openProgram(CONFIG);
  program.deafen();
  const lost = async (): Promise<number> =>
    Number(/^tracemend_log_lost_lines_total (\d+)$/m.exec((await program.page("/metrics")).text)?.[1]);
  for (let count = 1; count <= 5; count += 1) {
    const answer = await fetch(`${program.url("boundary in")}/${count}`);
    expect(await answer.text()).toBe("here");
  }
  await expect.poll(lost).toBeGreaterThan(0);
  expect(await program.stop()).toBe(0);
});
