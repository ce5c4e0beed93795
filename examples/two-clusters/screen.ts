/** What a person sees: a line that moves while things happen, and tables when they are done. */

const live = process.stderr.isTTY;

/** A line that replaces itself on a terminal; elsewhere each new text is a line, and repeated progress is left out. */
export function status(text: string): void {
  if (live) process.stderr.write(`\r\x1b[K${text}`);
}

export function line(text: string): void {
  if (live) process.stderr.write("\r\x1b[K");
  console.log(text);
}

export function bar(done: number, of: number, width = 24): string {
  const filled = of === 0 ? width : Math.round((done / of) * width);
  return `${"█".repeat(filled)}${"░".repeat(width - filled)}`;
}

/** Columns as wide as their widest cell; the first row is the head. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const write = (row: readonly string[]): string =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("   ")}`.trimEnd();
  const rule = `  ${widths.map((width) => "─".repeat(width)).join("   ")}`;
  return [write(rows[0] ?? []), rule, ...rows.slice(1).map(write)].join("\n");
}

/** Breaks a text at blanks so that no line is longer than `width`; each begins with `indent`. */
export function wrap(text: string, indent: string, width = 100): string {
  const lines: string[] = [];
  let current = "";
  for (const word of text.split(/\s+/)) {
    if (current !== "" && indent.length + current.length + 1 + word.length > width) {
      lines.push(indent + current);
      current = word;
    } else current = current === "" ? word : `${current} ${word}`;
  }
  return [...lines, indent + current].join("\n");
}
