/** Reset codes of HTTP/2 and what becomes of one on the other side. Pure. Source: RFC 9113, section 7. */

export const NO_ERROR = 0x0;
export const INTERNAL_ERROR = 0x2;
export const REFUSED_STREAM = 0x7;
export const CANCEL = 0x8;
export const ENHANCE_YOUR_CALM = 0xb;
export const INADEQUATE_SECURITY = 0xc;
const HTTP_1_1_REQUIRED = 0xd;

/**
 * The code for the caller where the upstream's stream was reset with `code`. Codes that speak of one connection's
 * framing would blame the caller for the other connection: they become an internal error.
 */
export function relayedReset(code: number): number {
  switch (code) {
    case REFUSED_STREAM:
    case CANCEL:
    case ENHANCE_YOUR_CALM:
    case INADEQUATE_SECURITY:
    case HTTP_1_1_REQUIRED:
      return code;
    default:
      return INTERNAL_ERROR;
  }
}

/** Source: gRPC over HTTP/2, "HTTP2 Transport Mapping", errors. */
export function grpcStatusOfReset(code: number): number {
  switch (code) {
    case REFUSED_STREAM:
      return 14;
    case CANCEL:
      return 1;
    case ENHANCE_YOUR_CALM:
      return 8;
    case INADEQUATE_SECURITY:
      return 7;
    default:
      return 13;
  }
}
