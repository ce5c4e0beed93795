/** Before anything is timed: each proxy answers every row as the origin behind it did. */
import { strict as assert } from "node:assert";
import { request as requestHttp } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect } from "node:http2";
import { request as requestHttps } from "node:https";
import type { Running } from "./contenders.ts";
import { STREAM, STREAMED } from "./origin.ts";
import type { Row } from "./rows.ts";
import { REQUEST_ID, TRACEPARENT } from "./rows.ts";

interface Answer {
  readonly status: number;
  readonly body: Buffer;
  readonly trailers: Readonly<Record<string, unknown>>;
}

/** Throws an `AssertionError` where an answer is wrong. */
export async function prove(running: Running, rows: readonly Row[]): Promise<void> {
  for (const row of rows) {
    const port = running.ports[row.entry];
    if (port === undefined) continue;
    const what = `${running.name}, ${row.name}`;
    const answer = await (row.entry === "grpc" ? askHttp2(row, port) : askHttp1(row, port));
    assert.equal(answer.status, 200, what);
    if (row.entry === "grpc") {
      const messages = Array.from({ length: row.path === STREAM ? STREAMED : 1 }, () => row.body as Buffer);
      assert.deepEqual(answer.body, Buffer.concat(messages), what);
      assert.equal(answer.trailers["grpc-status"], "0", what);
    } else if (row.body === undefined) proveHead(running, answer.body.toString("latin1"), what);
    else assert.deepEqual(answer.body, row.body, what);
  }
}

/** The origin tells the head it was sent. */
function proveHead({ spans }: Running, head: string, what: string): void {
  assert.match(head, new RegExp(`^x-request-id: *${REQUEST_ID}$`, "im"), what);
  const parent = /^traceparent: *(.*)\r?$/im.exec(head)?.[1];
  if (!spans) return assert.equal(parent, TRACEPARENT, what);
  assert.notEqual(parent, TRACEPARENT, what);
  assert.match(parent ?? "", new RegExp(`^${TRACEPARENT.slice(0, 36)}[0-9a-f]{16}-01$`), what);
}

/** Whether trailers of HTTP/1.1 come through. */
export async function carriesTrailers({ ports }: Running): Promise<boolean> {
  const row = { path: "/trailers", fields: [["te", "trailers"]], body: undefined, entry: "http" } as const;
  const { status, body, trailers } = await askHttp1(row, ports.http as number);
  assert.deepEqual([status, body.toString()], [200, "ok"]);
  return trailers["x-sum"] === "7";
}

type Asked = Pick<Row, "path" | "fields" | "body" | "entry">;

function askHttp1({ path, fields, body, entry }: Asked, port: number): Promise<Answer> {
  const options = {
    host: "127.0.0.1",
    port,
    path,
    method: body === undefined ? "GET" : "POST",
    headers: { ...Object.fromEntries(fields), ...(body === undefined ? {} : { "content-length": body.length }) },
    agent: false,
    rejectUnauthorized: false,
  } as const;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const answered = (answer: IncomingMessage): void => {
    const parts: Buffer[] = [];
    answer.on("data", (chunk: Buffer) => void parts.push(chunk));
    answer.once("end", () =>
      resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(parts), trailers: answer.trailers }),
    );
  };
  const sent = entry === "tls" ? requestHttps(options, answered) : requestHttp(options, answered);
  sent.once("error", reject).end(body);
  return promise;
}

async function askHttp2({ path, fields, body }: Asked, port: number): Promise<Answer> {
  const session = connect(`http://127.0.0.1:${port}`);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const stream = session.request({ ":method": "POST", ":path": path, ...Object.fromEntries(fields) });
  const parts: Buffer[] = [];
  let status = 0;
  let trailers = {};
  session.once("error", reject);
  stream.once("error", reject);
  stream.once("response", (head) => (status = head[":status"] ?? 0));
  stream.once("trailers", (fieldsBehind) => (trailers = fieldsBehind));
  stream.on("data", (chunk: Buffer) => void parts.push(chunk));
  stream.once("end", () => resolve({ status, body: Buffer.concat(parts), trailers }));
  stream.end(body);
  try {
    return await promise;
  } finally {
    session.destroy();
  }
}
