/** Which of several formats in one head the context is taken from, and what the others say against it. */
import type { Defect, DefectCode } from "../defect.ts";
import { defectOf } from "../defect.ts";
import type { FieldLines } from "../field-lines.ts";
import type { Reading } from "../reading.ts";
import type { TraceContext } from "../trace-context.ts";
import { SAMPLED } from "../trace-context.ts";
import type { ForeignContext, Format, FormatName, ForeignReading, Sampling } from "./format.ts";
import { isRecorded } from "./format.ts";

/** A format that came, and what it held. */
export interface FoundFormat {
  readonly format: Format;
  readonly reading: ForeignReading;
  /** Whether the policy takes contexts from it, or only watches it. */
  readonly listed: boolean;
}

/** What came in formats other than W3C's. */
export interface Foreign {
  readonly found: readonly FoundFormat[];
  /** The format the context, the adopted trace id or the sampling decision is taken from; undefined: none of these. */
  readonly source: FormatName | undefined;
  /** What the source says of sampling. */
  readonly sampling: Sampling | undefined;
  /** A trace id that came without a parent: a trace that begins here takes it. */
  readonly adopted: string | undefined;
  /** Contexts of other traces that lost. */
  readonly rivals: readonly TraceContext[];
}

export interface ExtractRules {
  /** Foreign formats in order of precedence. */
  readonly formats: readonly Format[];
  /** How many of them come before W3C. */
  readonly beforeW3c: number;
  /** Formats that are looked for only because they are written or may go stale. */
  readonly watched: readonly Format[];
  /** Two formats that name different traces: the order decides, or the trace restarts. */
  readonly conflict: "order" | "restart";
}

/** The reading of `traceparent`, completed or replaced by what the other formats say. */
export function extract(rules: ExtractRules, lines: FieldLines, reading: Reading): Reading {
  const found = findFormats(rules, lines);
  if (found.length === 0) return reading;
  const listed = found.filter((each) => each.listed);
  const winner = winnerOf(rules, listed, reading.kind === "valid");
  const notes = listed.flatMap((each) => codeOf(each.reading));
  const won = winner === undefined ? ownClaim(reading) : claimOf(winner);
  const rivals: TraceContext[] = [];
  for (const claim of [...listed.map(claimOf), ownClaim(reading)]) {
    if (won === undefined || claim === undefined || claim.source === won.source) continue;
    const conflict = conflictOf(won, claim);
    notes.push(...conflict);
    if (conflict.includes("format-conflict") && claim.parentId !== undefined) rivals.push(contextOf(claim, ""));
  }
  const decided = winner ?? listed.find((each) => isAlone(each.reading));
  const held = decided === undefined ? undefined : contextIn(decided);
  const foreign: Foreign = {
    found,
    source: decided?.format.name,
    sampling: held?.sampling,
    adopted: winner !== undefined && held?.parentId === undefined ? held?.traceId : undefined,
    rivals,
  };
  return complete(rules, reading, foreign, won, [...new Set(notes)].map(defectOf));
}

function complete(
  rules: ExtractRules,
  reading: Reading,
  foreign: Foreign,
  won: Claim | undefined,
  notes: readonly Defect[],
): Reading {
  const { carried, original } = reading;
  const before = reading.kind === "invalid" ? reading.defects : reading.notes;
  const all = [...before, ...notes];
  if (rules.conflict === "restart" && notes.includes(defectOf("format-conflict"))) {
    const rivals = won?.parentId === undefined ? foreign.rivals : [contextOf(won, ""), ...foreign.rivals];
    const conflict = defectOf("format-conflict");
    const defects = [conflict, ...all.filter((defect) => defect !== conflict)];
    return { kind: "invalid", carried, original, defects, foreign: { ...foreign, rivals } };
  }
  if (won?.source !== undefined && won.parentId !== undefined) {
    const together = reading.kind === "valid" && isSameTrace(won, reading.context.traceId) ? reading : undefined;
    const traceId = together?.context.traceId ?? won.traceId;
    const context = contextOf({ ...won, traceId }, together?.context.tracestate ?? "");
    return { kind: "valid", carried, original, context, notes: all, own: together?.own, foreign };
  }
  if (reading.kind === "invalid") return { ...reading, defects: all, foreign };
  return { ...reading, notes: all, foreign };
}

function findFormats(rules: ExtractRules, lines: FieldLines): readonly FoundFormat[] {
  const found: FoundFormat[] = [];
  for (const format of rules.formats) look(format, true);
  for (const format of rules.watched) look(format, false);
  return found;

  function look(format: Format, listed: boolean): void {
    const reading = format.read(lines);
    if (reading !== undefined) found.push({ format, reading, listed });
  }
}

/** Undefined where W3C's own context wins or none is there. */
function winnerOf(rules: ExtractRules, listed: readonly FoundFormat[], w3c: boolean): FoundFormat | undefined {
  const candidates = listed.filter((each) => contextIn(each)?.traceId !== undefined);
  if (!w3c) return candidates.find((each) => contextIn(each)?.parentId !== undefined) ?? candidates[0];
  const before = rules.formats.slice(0, rules.beforeW3c);
  return candidates.find((each) => before.includes(each.format) && contextIn(each)?.parentId !== undefined);
}

function contextIn(found: FoundFormat): ForeignContext | undefined {
  return found.reading.kind === "valid" ? found.reading.context : undefined;
}

/** A sampling decision without ids. */
function isAlone(reading: ForeignReading): boolean {
  return reading.kind === "valid" && reading.context.traceId === undefined;
}

function codeOf(reading: ForeignReading): DefectCode[] {
  if (reading.kind === "malformed") return ["format-malformed"];
  return reading.kind === "recognised" ? ["format-recognised"] : [];
}

/** What one format says the context is; `source` is undefined for W3C. */
interface Claim {
  readonly source: FormatName | undefined;
  readonly traceId: string;
  readonly parentId: string | undefined;
  readonly sampling: Sampling;
  /** The trace id came with 64 bits, padded with zeros. */
  readonly short: boolean;
}

function claimOf(found: FoundFormat): Claim | undefined {
  const context = contextIn(found);
  if (context?.traceId === undefined) return undefined;
  const { traceId, parentId, sampling, idDigits } = context;
  return { source: found.format.name, traceId, parentId, sampling, short: idDigits === 16 };
}

function ownClaim(reading: Reading): Claim | undefined {
  if (reading.kind !== "valid") return undefined;
  const { traceId, parentId, flags } = reading.context;
  return { source: undefined, traceId, parentId, sampling: (flags & SAMPLED) === 0 ? "deny" : "accept", short: false };
}

function contextOf(claim: Claim, tracestate: string): TraceContext {
  const { traceId, parentId = "", sampling } = claim;
  return { traceId, parentId, flags: isRecorded(sampling) ? SAMPLED : 0, tracestate };
}

function conflictOf(won: Claim, other: Claim): DefectCode[] {
  const full = other.short ? { ...won, short: true } : won;
  if (!isSameTrace(full, other.traceId)) return ["format-conflict"];
  const codes: DefectCode[] = [];
  if (won.parentId !== undefined && other.parentId !== undefined && won.parentId !== other.parentId)
    codes.push("format-parent-conflict");
  const decided = won.sampling !== "defer" && other.sampling !== "defer";
  if (decided && isRecorded(won.sampling) !== isRecorded(other.sampling)) codes.push("format-sampling-conflict");
  return codes;
}

/** A 64-bit id stands for every trace with that low half. */
function isSameTrace(claim: Claim, traceId: string): boolean {
  return claim.short ? claim.traceId.slice(16) === traceId.slice(16) : claim.traceId === traceId;
}
