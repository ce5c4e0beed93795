/** Header fields as they came off the wire, and how to find one without building an object of them. */

/**
 * Name, value, name, value … in wire order, duplicates kept: the shape of Node's `rawHeaders`. A folded header object
 * hides what matters here: Node joins two `traceparent` lines into one value with a comma.
 */
export type FieldLines = readonly string[];

/** Whether two field names are the same; `lower` must be lower case. Source: RFC 9110, section 5.1. */
export function isField(name: string, lower: string): boolean {
  return name === lower || (name.length === lower.length && isRecased(name, lower));
}

function isRecased(name: string, lower: string): boolean {
  for (let at = 0; at < lower.length; at += 1) {
    const wanted = lower.charCodeAt(at);
    const code = name.charCodeAt(at);
    if (code !== wanted && (code !== wanted - 0x20 || wanted < 0x61 || wanted > 0x7a)) return false;
  }
  return true;
}

/** The index of the next line of the field at or after `from`, or -1. `lower` must be lower case. */
export function findField(lines: FieldLines, lower: string, from = 0): number {
  const { length } = lower;
  for (let at = from; at + 1 < lines.length; at += 2) {
    const name = lines[at] as string;
    if (name.length === length && isField(name, lower)) return at;
  }
  return -1;
}

/** Every value of the field in wire order, as it came. */
export function fieldValues(lines: FieldLines, lower: string): readonly string[] {
  const values: string[] = [];
  for (let at = findField(lines, lower); at >= 0; at = findField(lines, lower, at + 2))
    values.push(lines[at + 1] as string);
  return values;
}

/** Optional white space is blanks and tabs only. Source: RFC 9110, section 5.6.3. */
export function trimBlanks(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start += 1;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end -= 1;
  return end - start === value.length ? value : value.slice(start, end);
}

/** A blank or a tab. */
export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
