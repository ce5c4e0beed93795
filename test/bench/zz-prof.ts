import { startOrigin } from "./proxy/origin.ts";
import { startProgram } from "../support/program.ts";
import { load } from "./proxy/load.ts";
import { ROWS } from "./proxy/rows.ts";
import { pinTo, cpuMicrosOf } from "./proxy/process-cost.ts";
const compression = process.argv[2] ?? "gzip";
const spans = process.argv[3] !== "nospans";
const origin = await startOrigin();
pinTo(1, process.pid);
pinTo(1, origin.pid);
process.env.NODE_OPTIONS = process.argv.includes("prof")
  ? "--cpu-prof --cpu-prof-dir=/tmp/prof --cpu-prof-interval=500"
  : "";
const child = await startProgram(`
cluster: eu-1
boundaries:
  - { name: plain, side: egress, listen: "127.0.0.1:0", routes: [{ upstream: plain }] }
upstreams:
  plain: { url: "http://127.0.0.1:${origin.ports.http}", connections: 4096 }
${spans ? `destinations: { sink: { endpoint: "http://127.0.0.1:${origin.ports.sink}", protocol: http/protobuf, compression: ${compression} } }` : ""}
admin: { listen: "127.0.0.1:0" }
`);
delete process.env.NODE_OPTIONS;
pinTo(0, child.pid);
const port = Number(new URL(child.url("boundary plain")).port);
const row = ROWS[0]!;
await load(row, port, 30000);
for (let i = 0; i < 3; i++) {
  const b = cpuMicrosOf(child.pid);
  await load(row, port, 40000);
  console.log(compression, spans, ((cpuMicrosOf(child.pid) - b) / 40000).toFixed(1));
}
await child.stop();
origin.stop();
process.exit(0);
