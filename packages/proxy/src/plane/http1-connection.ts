/** What is known of a caller's HTTP/1 connection beyond one request. */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";

const ANSWERING = Symbol("an answer is under way: nothing else may be written");
const ENDING = Symbol("its last request was taken");
const OPEN = Symbol("exchanges that were taken and are not over");
const LATEST = Symbol("the request that was taken last");
const AFTER = Symbol("what is done once no exchange is open");
const REFUSED = Symbol("it was told that its bytes are no HTTP/1.1");
const LINGERING = Symbol("its answer is written; ends it where the caller sends no more of use");
const LAST = Symbol("the bytes behind this request are lost");

/** On the socket itself: a weak table costs every collection. */
interface Connection extends Socket {
  [ANSWERING]?: boolean;
  [ENDING]?: boolean;
  [OPEN]?: number;
  [LATEST]?: IncomingMessage;
  [AFTER]?: (() => void) | undefined;
  [REFUSED]?: boolean;
  [LINGERING]?: () => void;
}

/** node:http goes on to parse what came with a request whose answer closes the connection. */
export function isEnding(socket: Socket): boolean {
  return (socket as Connection)[ENDING] === true;
}

export function markEnding(socket: Socket): void {
  (socket as Connection)[ENDING] = true;
}

export function isAnswering(socket: Socket): boolean {
  return (socket as Connection)[ANSWERING] === true;
}

export function markAnswering(socket: Socket, answering: boolean): void {
  (socket as Connection)[ANSWERING] = answering;
}

/** More than one where requests were pipelined. */
export function openExchanges(socket: Socket): number {
  return (socket as Connection)[OPEN] ?? 0;
}

export function exchangeOpened(request: IncomingMessage): void {
  const socket: Connection = request.socket;
  socket[OPEN] = openExchanges(socket) + 1;
  socket[LATEST] = request;
}

export function exchangeClosed(socket: Socket): void {
  const connection: Connection = socket;
  const left = openExchanges(socket) - 1;
  connection[OPEN] = left;
  if (left > 0) return;
  const after = connection[AFTER];
  connection[AFTER] = undefined;
  after?.();
}

/** Whether what was read last is a request whose body has not ended. */
export function isReadingBody(socket: Socket): boolean {
  return (socket as Connection)[LATEST]?.complete === false;
}

/** Runs once every exchange that was taken is over: what comes behind pipelined requests is answered behind them. */
export function afterExchanges(socket: Socket, run: () => void): void {
  (socket as Connection)[AFTER] = run;
}

/** True the first time. A parser that failed once tells the same error for every further packet. */
export function markRefused(socket: Socket): boolean {
  const first = (socket as Connection)[REFUSED] !== true;
  (socket as Connection)[REFUSED] = true;
  return first;
}

export function setLinger(socket: Socket, finish: () => void): void {
  (socket as Connection)[LINGERING] = finish;
}

/** False where no answer waits for the rest of its request. */
export function endLinger(socket: Socket): boolean {
  const finish = (socket as Connection)[LINGERING];
  finish?.();
  return finish !== undefined;
}

/** node:http drops what came in one packet behind the body of a request whose offer to upgrade is declined. */
export function markLast(request: IncomingMessage): void {
  Reflect.set(request, LAST, true);
}

export function isLast(request: IncomingMessage): boolean {
  return Reflect.get(request, LAST) === true;
}
