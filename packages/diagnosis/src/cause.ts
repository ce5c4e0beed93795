/** Why a request's expected child is missing, as far as exact joins can tell. */

/** Nothing of it was found anywhere. */
export const BARE = 1;
/** A root of the called service carries a link to the context that was forwarded. */
export const LINKED = 2;
/** The child came with the lower half of the trace id only. */
export const TRUNCATED = 3;
/** A root of the called service has the request's id, and came over our own connection or does not say over which. */
export const SAME_REQUEST = 4;
/** A root of the called service has the request's id, but its peer is not our connection. */
export const SAME_REQUEST_OTHER_PEER = 5;
/** The only root of the called service that came over our connection while the request was open. */
export const SAME_CONNECTION = 6;
/** The called service entered the trace below a parent that nobody exported. */
export const GHOST_PARENT = 7;
/** The called service worked in the trace, but the span it was entered by is not there. */
export const DESCENDANTS = 8;

/** A root of the called service fits in time, and no other pair does nearly as well. */
export const SAME_TIME = 9;

/** The child came below the span that was forwarded, or its root came, under a trace id made of the one that was. */
export const REWRITTEN = 10;
/** The answer named another trace than the one that was forwarded. */
export const ANSWERED_ELSEWHERE = 11;

export const CAUSES = 11;

/** Beside the causes, what an answer shows that did come: it was recorded though unsampled, began far too late, or its clock is off. */
export const UNSAMPLED = 12;
export const LATE_WORK = 13;
export const OTHER_CLOCK = 14;

export const SIGHTINGS = 14;
