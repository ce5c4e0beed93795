// One break as a card: what, where, on which evidence, what to change, with the change to copy.
import { element } from "./element.js";

export function breakCard(one) {
  const share = one.of === 0 ? 0 : Math.min(100, (100 * one.count) / one.of);
  const filled = element("i", {});
  filled.style.width = `${share}%`;
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
    ...details("Who may have done it", one.suspects.map(suspectOf)),
    ...details("Where it is more frequent", one.scope.map(scopeOf)),
    ...details("What else it could be", one.alternatives),
    element("p", {}, element("b", {}, "What to change: "), one.remedy.text),
    ...snippets(one.remedy),
    ...examples(one.examples),
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

function details(title, texts) {
  if (texts.length === 0) return [];
  return [element("details", {}, element("summary", {}, title), list(texts))];
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

/** The change for the product that stands there, and at a press of its name for the others. */
function snippets({ snippet, others = [] }) {
  const all = [...(snippet === undefined ? [] : [{ product: "here", snippet }]), ...others];
  if (all.length === 0) return [];
  const code = element("code", {}, all[0].snippet);
  const copy = element("button", { type: "button" }, "copy");
  copy.addEventListener("click", () => {
    navigator.clipboard.writeText(code.textContent ?? "").then(
      () => (copy.textContent = "copied"),
      () => (copy.textContent = "select it by hand"),
    );
  });
  const buttons = all.map(({ product, snippet: text }, at) => {
    const button = element("button", { type: "button", "aria-pressed": String(at === 0) }, product);
    button.addEventListener("click", () => {
      code.textContent = text;
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
    });
    return button;
  });
  return [element("div", { class: "products" }, ...(all.length > 1 ? buttons : []), copy), element("pre", {}, code)];
}

function examples(found) {
  if (found.length === 0) return [];
  const items = found.map(({ traceId, otherTraceId }) =>
    element("li", {}, element("code", {}, otherTraceId === undefined ? traceId : `${traceId} and ${otherTraceId}`)),
  );
  return [element("details", {}, element("summary", {}, "Trace ids of examples"), element("ul", {}, ...items))];
}
