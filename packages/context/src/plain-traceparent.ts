/** What stands where in a `traceparent` that `isPlainTraceparent` says yes to. */
import { ENDS } from "./traceparent.ts";
import { hashTraceId } from "./trace-id-hash.ts";

/** 0 to 3. */
export function flagsIn(plain: string): number {
  return plain.charCodeAt(54) - 0x30;
}

export function parentIdIn(plain: string): string {
  return plain.slice(36, 52);
}

export function traceIdHashIn(plain: string): string {
  return hashTraceId(plain, 3);
}

/** The same with another parent. */
export function withParentId(plain: string, parentId: string): string {
  return plain.slice(0, 36) + (parentId + (ENDS[flagsIn(plain)] as string));
}
