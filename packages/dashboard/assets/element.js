// Elements from values: text stays text.

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} name @param {Record<string, string>} attributes @param {...(Node | string)} children */
export function element(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** @param {string} name @param {Record<string, string | number>} attributes @param {...(Node | string)} children */
export function shape(name, attributes, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  node.append(...children);
  return node;
}

/** @param {Element} parent @param {Iterable<Node>} children */
export function replace(parent, children) {
  parent.replaceChildren(...children);
}

/** @param {readonly string[]} head @param {readonly (readonly (string | number)[])[]} rows @param {string} empty */
export function table(head, rows, empty) {
  if (rows.length === 0) return [element("caption", { class: "empty" }, empty)];
  const numbers = new Set(rows[0].flatMap((cell, column) => (typeof cell === "number" ? [column] : [])));
  const row = (name, cells) =>
    element(
      "tr",
      {},
      ...cells.map((cell, column) => element(name, numbers.has(column) ? { class: "number" } : {}, show(cell))),
    );
  return [element("thead", {}, row("th", head)), element("tbody", {}, ...rows.map((cells) => row("td", cells)))];
}

function show(cell) {
  return typeof cell === "number" ? cell.toLocaleString("en") : cell;
}
