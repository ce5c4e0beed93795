/** Listens on the loopback port this process was given and says so. */
import type { Server } from "node:http";

export function listen(server: Server): void {
  server.listen(Number(process.env["PORT"]), "127.0.0.1", () => console.log("listening"));
}
