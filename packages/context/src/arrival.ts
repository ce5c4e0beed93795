/** What a transport knows of a request besides its header lines. */

export interface Arrival {
  /** The transport cut the list of header lines, so fields may be missing: Node keeps 1,023 lines or fewer, silently. */
  readonly truncated?: boolean | undefined;
  /** The listener it came in by, as the configuration names it. */
  readonly listener?: string | undefined;
  /** The peer's IP address. */
  readonly address?: string | undefined;
  /** Names in the peer's certificate, where TLS verified it: URIs (SPIFFE ids) and DNS names of its SAN. */
  readonly identities?: readonly string[] | undefined;
  /** The upstream it goes to, as the configuration names it. */
  readonly upstream?: string | undefined;
}
