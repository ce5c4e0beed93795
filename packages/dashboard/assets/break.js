// One break as a card: what, where, on which evidence, what to change, with the change to copy.
import { details, element } from "./element.js";

export function breakCard(one) {
  const share = one.of === 0 ? 0 : Math.min(100, (100 * one.count) / one.of);
  const filled = element("i", {});
  filled.style.width = `${share}%`;
  const key = [one.kind, one.edge.from, one.edge.to, one.edge.hop].join("|");
  return element(
    "article",
    { class: one.traffic },
    element("h3", {}, `${one.kind}: ${one.edge.hop}`),
    element(
      "p",
      { class: "facts" },
      `${one.edge.from} → ${one.edge.to} · ${one.count} of ${one.of} requests · confidence ${one.confidence.toFixed(2)} · ` +
        `${trafficOf(one)} · since ${timeOf(one.firstSeenMs)}, last ${timeOf(one.lastSeenMs)}`,
    ),
    element("div", { class: "bar", role: "img", "aria-label": `${share.toFixed(0)} percent` }, filled),
    element("p", {}, one.explanation),
    list(one.evidence),
    ...more(key, "Who may have done it", one.suspects.map(suspectOf)),
    ...more(key, "Where it is more frequent", one.scope.map(scopeOf)),
    ...more(key, "What else it could be", one.alternatives),
    element("p", {}, element("b", {}, "What to change: "), one.remedy.text),
    ...snippets(key, one.remedy),
    ...examples(key, one.examples),
  );
}

function trafficOf({ traffic, repaired }) {
  if (traffic === "repaired") return `${repaired} repaired`;
  return traffic === "reported" ? "would be repaired" : "open";
}

function timeOf(ms) {
  return new Date(ms).toLocaleTimeString();
}

function list(texts) {
  return element("ul", {}, ...texts.map((text) => element("li", {}, text)));
}

function more(key, title, texts) {
  return texts.length === 0 ? [] : [details(`${key}|${title}`, title, list(texts))];
}

function suspectOf({ hop, share }) {
  return `${Math.round(100 * share)} %: ${hop}`;
}

/** One dimension in a sentence: which values are hit, and which are not. */
function scopeOf({ dimension, all, hit, spared }) {
  const named = (values) =>
    values.map(({ value, broken, whole }) => `${value} (${broken} of ${broken + whole})`).join(", ");
  const spares = spared.length === 0 ? "" : `; not ${named(spared)}`;
  return `${dimension}: ${all ? "every one, " : ""}${named(hit)}${spares}`;
}

/** The product a reader has chosen, by the key of the break: it stays chosen when the card is drawn anew. */
const chosen = new Map();

/** The change for the product that stands there, and at a press of its name for the others. */
function snippets(key, { snippet, others = [] }) {
  const all = [...(snippet === undefined ? [] : [{ product: "here", snippet }]), ...others];
  if (all.length === 0) return [];
  const code = element("code", {});
  const buttons = all.map(({ product }) => {
    const button = element("button", { type: "button", "data-key": `${key}|${product}` }, product);
    button.addEventListener("click", () => {
      chosen.set(key, product);
      show();
    });
    return button;
  });
  const show = () => {
    const at = Math.max(
      0,
      all.findIndex(({ product }) => product === chosen.get(key)),
    );
    code.textContent = all[at].snippet;
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(index === at)));
  };
  show();
  const shown = element(
    "pre",
    { tabindex: 0, "data-key": `${key}|shown`, role: "group", "aria-label": "the change" },
    code,
  );
  return [element("div", { class: "products" }, ...(all.length > 1 ? buttons : []), copyButton(key, code)), shown];
}

function copyButton(key, code) {
  const button = element("button", { type: "button", class: "copy", "data-key": `${key}|copy` }, "copy");
  button.addEventListener("click", () => {
    // Only pages of a secure origin have a clipboard, and this one is also read over plain HTTP.
    const copying = navigator.clipboard?.writeText(code.textContent ?? "") ?? Promise.reject(new Error("no clipboard"));
    copying.then(
      () => (button.textContent = "copied"),
      () => {
        getSelection()?.selectAllChildren(code);
        button.textContent = "selected: copy with the keyboard";
      },
    );
  });
  return button;
}

function examples(key, found) {
  if (found.length === 0) return [];
  const items = found.map(({ traceId, otherTraceId }) =>
    element("li", {}, element("code", {}, otherTraceId === undefined ? traceId : `${traceId} and ${otherTraceId}`)),
  );
  return [details(`${key}|examples`, "Trace ids of examples", element("ul", {}, ...items))];
}
