// Draws what the diagnosis says. Everything a peer can influence goes in as text, never as markup.
import { drawMap, linesOf, mapTable } from "./map.js";
import { breakCard } from "./break.js";
import { bytes, element, replace, table } from "./element.js";

const REFRESH_MS = 2000;

/** @param {string} id */
const place = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** What was drawn last, so that a page at rest is not drawn again. */
let drawn = "";
let lastMs = 0;

async function refresh() {
  try {
    const [breaks, pipeline, repairs] = await Promise.all(["breaks", "pipeline", "repairs"].map(load));
    lastMs = Date.now();
    const text = JSON.stringify([breaks, pipeline, repairs]);
    const ready = pipeline.ready ? "ready" : "not ready";
    if (isSelecting()) say(`${ready}, waiting while text is selected`, false);
    else {
      if (text !== drawn) draw(breaks, pipeline, repairs);
      drawn = text;
      say(`${ready}, looking every ${REFRESH_MS / 1000} s`, false);
    }
  } catch (error) {
    const since = lastMs === 0 ? "" : `; shown is what was seen at ${new Date(lastMs).toLocaleTimeString()}`;
    say(`cannot be reached (${error instanceof Error ? error.message : String(error)})${since}`, true);
  }
  setTimeout(refresh, REFRESH_MS);
}

/** Drawing anew would take what a reader is about to copy. */
function isSelecting() {
  const selection = getSelection();
  return selection !== null && !selection.isCollapsed && place("page").contains(selection.anchorNode);
}

/** Controls that turn the direction of writing: in a name they would turn what stands around it. */
const TURNS = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;

/** @param {string} page */
async function load(page) {
  const response = await fetch(`/diagnostics/${page}`, { cache: "no-store" });
  if (!response.ok) throw new Error(`/diagnostics/${page} answers ${response.status}`);
  return JSON.parse((await response.text()).replace(TURNS, "\uFFFD"));
}

/** @param {string} text @param {boolean} stale */
function say(text, stale) {
  // What is said again and again is read aloud again and again.
  if (place("state").textContent !== text) place("state").textContent = text;
  place("state").classList.toggle("stale", stale);
}

function draw(report, pipeline, repairs) {
  place("where").textContent = `at ${pipeline.cluster}`;
  replace(place("tiles"), tiles(report, pipeline));
  const lines = linesOf(report);
  replace(place("map"), drawMap(lines));
  replace(place("edges"), mapTable(lines));
  const cards = report.breaks.map(breakCard);
  replace(place("breaks"), cards.length > 0 ? cards : [element("p", { class: "empty" }, "None is seen.")]);
  replace(place("services"), services(report.services));
  replace(place("instrumentation"), instrumentation(report.instrumentation));
  replace(place("repairs"), repairCounts(repairs.counts));
  replace(place("decisions"), decisions(repairs.recent));
  replace(place("destinations"), destinations(pipeline.destinations));
  replace(place("ledger"), ledger(pipeline.ledger));
}

function tiles(report, pipeline) {
  const { ledger } = report;
  const broken = report.breaks.reduce((sum, one) => sum + one.count, 0);
  const repaired = report.breaks.reduce((sum, one) => sum + one.repaired, 0);
  const judged = ledger.matched + ledger.missing;
  const continued = judged === 0 ? "–" : `${((100 * ledger.matched) / judged).toFixed(1)} %`;
  const waiting = pipeline.destinations.reduce((sum, one) => sum + one.queueBytes, 0);
  return [
    tile(report.breaks.length, "kinds of break"),
    tile(broken, "requests that show one"),
    tile(repaired, "of them repaired"),
    tile(continued, "of forwarded contexts were continued"),
    tile(bytes(waiting), "of telemetry wait"),
  ];
}

function tile(value, what) {
  return element("div", { class: "tile" }, element("b", {}, String(value)), element("small", {}, what));
}

function services(rows) {
  const head = ["service", "state", "spans", "unexplained roots", "explained roots"];
  const body = rows.map((row) => [row.name, row.state, row.spans, row.orphans, row.legitimateRoots]);
  return table(head, body, "No service has exported spans through this pipeline yet.");
}

function instrumentation(rows) {
  const head = ["service", "rule", "impact", "checked", "failed", "what was found"];
  const body = rows.map((row) => [
    row.service === "" ? "(unnamed)" : row.service,
    row.rule,
    row.impact,
    row.checked,
    row.failed,
    row.text,
  ]);
  return table(head, body, "No span was looked at yet.");
}

function repairCounts(rows) {
  const head = ["what", "because of", "state", "traces"];
  const body = rows.map(({ action, reason, state, count }) => [action, reason, state, count]);
  return table(head, body, "No trace was torn in a way that is sure enough to be joined.");
}

function decisions(rows) {
  const head = ["when", "what", "span", "to", "confidence", "state"];
  const body = rows.map((one) => [
    new Date(one.atMs).toLocaleTimeString(),
    `${one.action}: ${one.reason}`,
    `${one.span.traceId} ${one.span.spanId}`,
    typeof one.to === "string" ? one.to : `${one.to.traceId} ${one.to.spanId}`,
    one.confidence.toFixed(2),
    one.dryRun ? "would be done" : "done",
  ]);
  return table(head, body, "None yet.");
}

function destinations(rows) {
  const head = ["destination", "region", "reachable", "queued", "capacity", "last failure"];
  const body = rows.map((row) => [
    row.name,
    row.region ?? "–",
    row.reachable ? "yes" : "no",
    bytes(row.queueBytes),
    bytes(row.queueCapacityBytes),
    row.lastFailure ?? "–",
  ]);
  return table(head, body, "No destination is configured.");
}

function ledger(rows) {
  const head = [
    "signal",
    "destination",
    "received",
    "exported",
    "dropped",
    "refused by peer",
    "sampled out",
    "queued",
    "in flight",
  ];
  const body = rows.map((row) => [
    row.signal,
    row.destination,
    row.received,
    row.exported,
    Object.values(row.dropped).reduce((sum, count) => sum + count, 0),
    row.refusedByPeer,
    row.sampledOut,
    row.queued,
    row.inFlight,
  ]);
  return table(head, body, "Nothing was received yet.");
}

void refresh();
