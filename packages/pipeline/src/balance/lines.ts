/** Cuts a stream of bytes into lines, none longer than allowed. */

/** Without the line ends; empty lines are left out. Throws a RangeError for a line that is too long. */
export async function* readLines(stream: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<string> {
  let open: Buffer[] = [];
  let openBytes = 0;
  for await (const chunk of stream) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = Buffer.concat([...open, rest.subarray(0, end)]).toString("utf8");
      open = [];
      openBytes = 0;
      rest = rest.subarray(end + 1);
      if (line.trim() !== "") yield line;
    }
    openBytes += rest.length;
    if (openBytes > maxBytes) throw new RangeError(`a line of more than ${maxBytes} bytes`);
    open.push(rest);
  }
}
