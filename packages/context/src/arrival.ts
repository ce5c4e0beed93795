/** What a transport knows of a request besides its header lines. */

export interface Arrival {
  /** The transport cut the list of header lines, so fields may be missing: Node keeps 1,023 lines or fewer, silently. */
  readonly truncated?: boolean | undefined;
}
