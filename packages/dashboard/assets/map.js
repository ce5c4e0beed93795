// The map: who calls the boundary, what it calls, and on which of these edges traces break; drawn, and as a table.
import { shape, table } from "./element.js";

const ROW = 64;
const BOX = { width: 210, height: 40 };
const COLUMNS = [10, 430, 850];
const WIDTH = 1070;

/** So many edges can be told apart in a drawing; the table has them all. */
const MOST_DRAWN = 24;

/** What looks how, the worst first. */
const LOOKS = {
  broken: "broken",
  repaired: "broken, repaired",
  unsure: "not sure yet",
  unobserved: "not observed",
  intact: "intact",
};

/** How an upstream edge is drawn, by what the diagnosis says of it. */
const DRAWN = {
  intact: "intact",
  broken: "broken",
  unexplained: "unsure",
  "insufficient-data": "unsure",
  unobserved: "unobserved",
};

/** Every edge, the worst first. */
export function linesOf({ breaks, edges }) {
  const boundaries = new Set([
    ...edges.map((edge) => edge.boundary),
    ...breaks.flatMap((one) => arrivalOf(one, edges)),
  ]);
  const worst = Object.keys(LOOKS);
  return [...arrivals(breaks, boundaries), ...departures(edges)].toSorted(
    (one, other) => worst.indexOf(one.look) - worst.indexOf(other.look),
  );
}

export function drawMap(all) {
  const lines = all.slice(0, MOST_DRAWN);
  const boundaries = unique(lines.map(boundaryOf));
  // Those of one boundary stand together, so that fewer lines cross.
  const grouped = boundaries.flatMap((name) => lines.filter((line) => boundaryOf(line) === name));
  const columns = [
    unique(grouped.filter((line) => line.side === 0).map((line) => line.from)),
    boundaries,
    unique(grouped.filter((line) => line.side === 1).map((line) => line.to)),
  ];
  const rows = Math.max(1, ...columns.map((names) => names.length));
  const at = (column, name) => ({
    x: COLUMNS[column],
    y: middle(columns[column].indexOf(name), columns[column].length, rows),
  });
  const height = rows * ROW;
  const drawn = lines.map((line) => edge(line, at(line.side, line.from), at(line.side + 1, line.to)));
  const parts = [
    ...drawn.map(({ path }) => path),
    ...drawn.map(({ label }) => label),
    ...columns.flatMap((names, column) => names.map((name) => box(name, at(column, name)))),
  ];
  if (lines.length === 0) parts.push(shape("text", { x: 20, y: 36 }, "No request has crossed yet."));
  const drawing = shape(
    "svg",
    {
      viewBox: `0 0 ${WIDTH} ${height}`,
      role: "img",
      "aria-label": "Edges between neighbours, boundaries and services; the table below has them all",
    },
    ...parts,
  );
  return lines.length === all.length
    ? [drawing]
    : [drawing, `${lines.length} of ${all.length} edges are drawn, the worst first; the table has them all.`];
}

export function mapTable(all) {
  const rows = all.map(({ from, to, look, text }) => [from, to, LOOKS[look], text]);
  return table(["from", "to", "traces", "requests"], rows, "None yet.");
}

function boundaryOf({ side, from, to }) {
  return side === 0 ? to : from;
}

/** A break before us is on the edge that ends at one of our boundaries. */
function arrivalOf(one, edges) {
  const upstreams = new Set(edges.map((edge) => edge.upstream));
  return upstreams.has(one.edge.to) ? [] : [one.edge.to];
}

function arrivals(breaks, boundaries) {
  return breaks
    .filter((one) => boundaries.has(one.edge.to))
    .map((one) => ({
      side: 0,
      from: one.edge.from,
      to: one.edge.to,
      look: one.traffic === "repaired" ? "repaired" : "broken",
      text: `${one.kind}: ${one.count} of ${one.of}`,
    }));
}

function departures(edges) {
  return edges.map((edge) => ({
    side: 1,
    from: edge.boundary,
    to: edge.upstream,
    look: DRAWN[edge.verdict] ?? "unsure",
    text: `${edge.answered} of ${edge.answered + edge.missing} continued`,
  }));
}

function unique(names) {
  return [...new Set(names)];
}

function middle(index, of, rows) {
  return (rows * ROW * (index + 0.5)) / of;
}

function box(name, { x, y }) {
  const label = name.length > 28 ? `${name.slice(0, 27)}…` : name;
  return shape(
    "g",
    {},
    shape("title", {}, name),
    shape("rect", { x, y: y - BOX.height / 2, width: BOX.width, height: BOX.height, rx: 8 }),
    shape("text", { x: x + BOX.width / 2, y: y + 5, "text-anchor": "middle" }, label),
  );
}

/** The text stands at the end that no other edge shares, on the side of it that the line does not come from. */
function edge({ side, look, text }, from, to) {
  const start = from.x + BOX.width;
  const half = (start + to.x) / 2;
  const off = (own, other) => (other < own ? 16 : -8);
  const label =
    side === 0
      ? { x: start + 10, y: from.y + off(from.y, to.y) }
      : { x: to.x - 10, y: to.y + off(to.y, from.y), "text-anchor": "end" };
  return {
    path: shape("path", { class: look, d: `M${start} ${from.y} C${half} ${from.y} ${half} ${to.y} ${to.x} ${to.y}` }),
    label: shape("text", { class: "count", ...label }, text),
  };
}
