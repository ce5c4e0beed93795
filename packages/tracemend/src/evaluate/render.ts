/** An evaluation as tables for people. */
import type { Association, Told } from "./association.ts";
import type { CostScore } from "./cost.ts";
import type { Evaluation } from "./evaluate.ts";
import type { ClassScore, EdgeScore, Ratio, RecordingScore, Score, Shortfall } from "./score.ts";
import type { LocalisationTrial } from "./topology.ts";
import { formatTable } from "./table.ts";

export function renderEvaluation(evaluation: Evaluation): string {
  const { recordings, passedOver, notCarried, score, associations, localisations, costs } = evaluation;
  const parts = [
    heading("Breaks, by class", classTable(score.classes.filter(({ wanted }) => wanted))),
    heading(
      "No breaks, by class: what nothing wrong may be said of",
      quietTable(score.classes.filter(({ wanted }) => !wanted)),
    ),
    heading("Trials that nothing tells of, in no figure above", beyondTable(score.classes)),
    heading("Edges", edgeTable(score.edges)),
    heading("What each class was called in the end", namedTable(score.classes)),
    heading("By recording", recordingTable(score.recordings)),
    heading("What is not as it should be", shortfallTable(score.shortfalls)),
    heading("Repairs of spans, by the join they rest on", ratioTable("join", score.byReason)),
    heading("By time alone: by requests that one span could belong to", ratioTable("candidates", score.byCandidates)),
    heading("By time alone: by the confidence that was claimed", ratioTable("confidence", score.byConfidence)),
    heading(
      "Joined by time alone, where the service drops all and a fifth has no other side",
      joinTable(associations.filter(({ holds }) => holds === "traces")),
    ),
    heading(
      "The same on recordings of pairs: three of ten are known, the rest comes closer together",
      joinTable(associations.filter(({ holds }) => holds === "pairs")),
    ),
    heading("Chains of five to ten places with a culprit at each", chainTable(localisations)),
    heading(
      "Cost, as CPU time: of the chunk of requests in the middle, and the mean of all",
      costs.length === 0 ? "not measured for a part of the edges or classes" : costTable(costs),
    ),
    heading(
      "Recordings",
      formatTable([
        ["recording", "traces", "edges tried", "left out"],
        ...recordings.map(({ name, traces, edges, leftOut }) => [
          name,
          String(traces),
          String(edges),
          shortList(leftOut),
        ]),
      ]),
    ),
    `Passed over: ${passedOver.length === 0 ? "nothing" : passedOver.join(", ")}`,
    `Not carried: ${Object.entries(notCarried)
      .map(([code, why]) => `${code} (${why})`)
      .join("; ")}`,
    heading("In all", totals(score)),
  ];
  return parts.join("\n\n");
}

function totals(score: Score): string {
  return formatTable([
    ["figure", "value", "of"],
    ["recall, shares from 10 % within 200 requests", ...ratio(score.recall)],
    ["recall, share of 2 % within 1000 requests", ...ratio(score.recallRare)],
    ["precision", ...ratio(score.precision)],
    ["false alarms per 1000 intact windows", score.falseAlarmsPer1000.toFixed(2), String(score.falseAlarms.of)],
    ["look-alikes taken for none", ...ratio(score.lookAlikes)],
    ["localisation top-1", ...ratio(score.topRight)],
    ["repairs of spans decided rightly", ...ratio(score.repairs)],
    ["requests repaired, of those that could be", ...ratio(score.repaired)],
    ["contexts put back rightly", ...ratio(score.restored)],
    ["repairs on intact streams", String(score.repairsOnIntact), ""],
  ]);
}

function classTable(classes: readonly ClassScore[]): string {
  return formatTable([
    ["code", "class", "trials", "2 %", "10 %", "50 %", "100 %", "requests", "seconds", "no evidence"],
    ...classes.map(({ code, breakClass, trials, byShare, medianRequests, medianSeconds, beyond }) => [
      code,
      breakClass,
      String(trials),
      ...["0.02", "0.1", "0.5", "1"].map((share) => counted(byShare[share])),
      medianRequests === undefined ? "" : String(medianRequests),
      medianSeconds === undefined ? "" : medianSeconds.toFixed(1),
      String(Object.values(beyond).reduce((sum, count) => sum + count, 0)),
    ]),
  ]);
}

function quietTable(classes: readonly ClassScore[]): string {
  return formatTable([
    ["code", "class", "trials", "right", "of"],
    ...classes.map(({ code, breakClass, trials, all }) => [code, breakClass, String(trials), ...ratio(all)]),
  ]);
}

function beyondTable(classes: readonly ClassScore[]): string {
  const rows = classes.flatMap(({ breakClass, beyond }) =>
    Object.entries(beyond).map(([why, count]) => [breakClass, String(count), why]),
  );
  return rows.length === 0 ? "none" : formatTable([["class", "trials", "why"], ...rows]);
}

function edgeTable(edges: readonly EdgeScore[]): string {
  return formatTable([
    [
      "recording",
      "edge",
      "trials",
      "found",
      "found 2 %",
      "look-alikes",
      "false alarms",
      "top-1",
      "repairs right",
      "candidates",
    ],
    ...edges.map((edge) => [
      edge.recording,
      edge.edge,
      String(edge.trials),
      counted(edge.found),
      counted(edge.foundRare),
      counted(edge.lookAlikes),
      counted(edge.intact),
      counted(edge.topRight),
      counted(edge.repairs),
      edge.candidates.toFixed(1),
    ]),
  ]);
}

function recordingTable(recordings: readonly RecordingScore[]): string {
  return formatTable([
    [
      "recording",
      "edges",
      "trials",
      "found",
      "found 2 %",
      "precision",
      "false alarms",
      "look-alikes",
      "top-1",
      "repairs right",
    ],
    ...recordings.map((one) => [
      one.recording,
      String(one.edges),
      String(one.trials),
      ...[one.recall, one.recallRare, one.precision, one.falseAlarms, one.lookAlikes, one.topRight, one.repairs].map(
        counted,
      ),
    ]),
  ]);
}

function shortfallTable(shortfalls: readonly Shortfall[]): string {
  if (shortfalls.length === 0) return "nothing";
  return formatTable([
    ["recording", "edge", "class", "what"],
    ...shortfalls.map(({ recording, edge, breakClass, share, what }) => [
      recording,
      edge,
      `${breakClass} ${percent(share)}`,
      what,
    ]),
  ]);
}

function namedTable(classes: readonly ClassScore[]): string {
  return formatTable([
    ["class", "called"],
    ...classes.map(({ breakClass, named }) => [
      breakClass,
      Object.entries(named)
        .sort(([, a], [, b]) => b - a)
        .map(([kind, count]) => `${kind} ${count}`)
        .join(", "),
    ]),
  ]);
}

function joinTable(associations: readonly Association[]): string {
  if (associations.length === 0) return "nothing measured";
  return formatTable([
    [
      "recording",
      "edge",
      "in flight",
      "clocks",
      "candidates",
      "torn",
      "joined",
      "precision",
      "recall",
      "calibration error",
      "latest open: precision",
      "recall",
      "random: precision",
      "recall",
    ],
    ...associations.map(({ recording, edge, load, candidates, torn, told, latest, random }) => [
      recording,
      edge,
      String(load.inFlight),
      load.clocksOff ? "50 ms off" : "as recorded",
      candidates.toFixed(1),
      String(torn),
      String(told.length),
      ...joinedCells(told, torn),
      ...[latest, random].flatMap(({ hits, of }) => [share(hits, of), share(hits, torn)]),
    ]),
  ]);
}

function chainTable(trials: readonly LocalisationTrial[]): string {
  if (trials.length === 0) return "not tried for a part of the edges or classes";
  const right = trials.filter(({ wanted, named }) => wanted === named);
  const wrong = trials.filter(({ wanted, named }) => wanted !== named);
  const table = formatTable([
    ["chain", "culprit", "what it does", "named", "called"],
    ...wrong.map(({ topology, culprit, fault, named, kind }) => [topology, culprit, fault, named, kind]),
  ]);
  return `first named rightly: ${right.length} of ${trials.length}${wrong.length === 0 ? "" : `\n\n${table}`}`;
}

function joinedCells(told: readonly Told[], torn: number): readonly string[] {
  if (told.length === 0) return ["refused", "0.000", ""];
  const right = told.filter((one) => one.right).length;
  const claimed = told.reduce((sum, { confidence }) => sum + confidence, 0) / told.length;
  return [share(right, told.length), share(right, torn), Math.abs(claimed - right / told.length).toFixed(3)];
}

function share(hits: number, of: number): string {
  return of === 0 ? "-" : (hits / of).toFixed(3);
}

function costTable(costs: readonly CostScore[]): string {
  return formatTable([
    ["load", "µs a crossing", "mean", "µs a span", "mean", "ticks, µs a crossing", "MiB used", "MiB bound", "by turns"],
    ...costs.map(({ load, crossing, span, ticks, bytes, capacityBytes, toFirst }) => [
      load,
      ...[crossing.median, crossing.mean, span.median, span.mean, ticks].map((nanos) => (nanos / 1_000).toFixed(2)),
      ...[bytes, capacityBytes].map((size) => (size / 1_048_576).toFixed(1)),
      toFirst === undefined ? "" : `${toFirst.crossing.toFixed(2)} and ${toFirst.span.toFixed(2)} of the row above`,
    ]),
  ]);
}

function heading(title: string, body: string): string {
  return `${title}\n\n${body}`;
}

function ratioTable(head: string, ratios: Readonly<Record<string, Ratio>>): string {
  const rows = Object.entries(ratios).filter(([, { of }]) => of > 0);
  if (rows.length === 0) return "refused: no pair was decided on";
  return formatTable([[head, "right", "of"], ...rows.map(([name, { hits, of }]) => [name, String(hits), String(of)])]);
}

function ratio({ hits, of }: Ratio): readonly [string, string] {
  return [of === 0 ? "-" : (hits / of).toFixed(4), `${hits}/${of}`];
}

function counted(of: Ratio | undefined): string {
  return of === undefined || of.of === 0 ? "" : `${of.hits}/${of.of}`;
}

function percent(share: number): string {
  return `${share * 100} %`;
}

function shortList(list: readonly string[]): string {
  return list.length <= 3 ? list.join("; ") : `${list.slice(0, 3).join("; ")} and ${list.length - 3} more`;
}
