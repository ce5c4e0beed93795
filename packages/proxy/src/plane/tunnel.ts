/** What HTTP is left for, and which answers open the tunnel. Pure. */

/** By `Upgrade` over HTTP/1.1, by extended CONNECT over HTTP/2 (RFC 8441). */
export const WEBSOCKET = "websocket";

/** By CONNECT: bytes that are nobody's HTTP (RFC 9110, section 9.3.6). */
export const TCP = "tcp";

/** A tunnel may be silent for hours: only TCP tells that the other side is gone. */
export const KEEP_ALIVE_MS = 60_000;

/** Whether this answer to a request that would leave HTTP for `upgrade` opens a tunnel. */
export function opensTunnel(upgrade: string | undefined, status: number): boolean {
  return status === 101 || (upgrade === TCP && status < 300);
}
