/** Where a module is that a process or a thread of its own begins with. */
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The file of the module `name` beside the one at `url`, whether these run as they were written or as they were built. */
export function moduleBeside(url: string, name: string): string {
  const path = fileURLToPath(url);
  return join(dirname(path), `${name}${extname(path)}`);
}
