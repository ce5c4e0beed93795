/** Keeps the events of one request or answer in its own asynchronous context. */
import type { AsyncLocalStorage } from "node:async_hooks";
import type { EventEmitter } from "node:events";

/**
 * The events of a message run in the context of the socket: on a connection that is kept alive `end` and `close` would
 * find no request or, on some runtimes, the one before. There is no channel for them, so this one object's `emit` is
 * given the context.
 */
export function bindEmitter<T>(emitter: EventEmitter, storage: AsyncLocalStorage<T>, store: T): void {
  const emit = emitter.emit.bind(emitter);
  emitter.emit = (name: string | symbol, ...args: unknown[]): boolean =>
    storage.getStore() === store ? emit(name, ...args) : storage.run(store, emit, name, ...args);
}
