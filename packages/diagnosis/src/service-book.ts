/** Every service that was seen to export, by name and by number; bounded. */
import type { Service, ServiceTimes } from "./service.ts";
import { createService } from "./service.ts";

const MAX_SERVICES = 1_024;

export interface ServiceBook {
  /** Undefined where the book is full; that is counted. */
  open(name: string): Service | undefined;
  find(name: string): Service | undefined;
  at(id: number): Service;
  all(): readonly Service[];
  refused(): number;
}

export function createServiceBook(times: ServiceTimes): ServiceBook {
  const byName = new Map<string, Service>();
  const byId: Service[] = [];
  let refused = 0;
  return {
    open(name) {
      const known = byName.get(name);
      if (known !== undefined) return known;
      if (byId.length >= MAX_SERVICES) {
        refused += 1;
        return undefined;
      }
      const service = createService(byId.length, name, times);
      byName.set(name, service);
      byId.push(service);
      return service;
    },
    find: (name) => byName.get(name),
    at: (id) => byId[id] as Service,
    all: () => byId,
    refused: () => refused,
  };
}
