/** Text tables with aligned columns. */

/** The first row is the head. Columns whose cells are figures are set to the right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const figures = head.map((_, column) => rows.slice(1).every((row) => /^[-\d]/.test(row[column] || "-")));
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        figures[column] === true ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  return [lines[0], widths.map((width) => "-".repeat(width)).join("  "), ...lines.slice(1)].join("\n");
}
