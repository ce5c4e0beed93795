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

/**
 * Puts children in the place of those there are. What was focused is found again by its `data-key`.
 * @param {Element} parent @param {Iterable<Node>} children
 */
export function replace(parent, children) {
  const { activeElement } = document;
  const key = parent.contains(activeElement) ? activeElement?.closest("[data-key]")?.getAttribute("data-key") : null;
  parent.replaceChildren(...children);
  if (key) parent.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

/** Keys of what a reader has opened: it stays open when it is drawn anew. */
const opened = new Set();

/** @param {string} key of its own on the page @param {string} title @param {...(Node | string)} children */
export function details(key, title, ...children) {
  const made = element("details", {}, element("summary", { "data-key": key }, title), ...children);
  made.open = opened.has(key);
  made.addEventListener("toggle", () => (made.open ? opened.add(key) : opened.delete(key)));
  return made;
}

/** @param {readonly string[]} head @param {readonly (readonly (string | number)[])[]} rows @param {string} empty */
export function table(head, rows, empty) {
  if (rows.length === 0) return [element("caption", { class: "empty" }, empty)];
  const numbers = new Set(rows[0].flatMap((cell, column) => (typeof cell === "number" ? [column] : [])));
  const row = (name, cells) =>
    element(
      "tr",
      {},
      ...cells.map((cell, column) =>
        element(
          name,
          { ...(name === "th" ? { scope: "col" } : {}), ...(numbers.has(column) ? { class: "number" } : {}) },
          show(cell),
        ),
      ),
    );
  return [element("thead", {}, row("th", head)), element("tbody", {}, ...rows.map((cells) => row("td", cells)))];
}

function show(cell) {
  return typeof cell === "number" ? cell.toLocaleString("en") : cell;
}

/** @param {number} count */
export function bytes(count) {
  const power = Math.min(3, Math.floor(Math.log2(Math.max(1, count)) / 10));
  const value = count / 1024 ** power;
  return `${power === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)}\u00A0${["B", "KiB", "MiB", "GiB"][power]}`;
}
