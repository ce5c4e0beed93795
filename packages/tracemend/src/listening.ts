/** Opens listeners: where one cannot be had, the error names its key, its address and what to do. */
import { formatEndpoint } from "@tracemend/proxy";

const REASONS: ReadonlyMap<string | undefined, string> = new Map([
  ["EADDRINUSE", "is in use; end what listens there, or choose another address"],
  ["EADDRNOTAVAIL", "is no address of this machine"],
  ["EACCES", "is not allowed to this user; ports below 1024 need a privilege"],
  ["ENOTFOUND", "has a name that nobody knows"],
]);

/** `key`: where the configuration says the address. */
export async function openAt<Listener>(
  key: string,
  { host, port }: { readonly host: string; readonly port: number },
  open: () => Promise<Listener>,
): Promise<Listener> {
  try {
    return await open();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = REASONS.get(code);
    if (reason === undefined) throw error;
    throw new Error(`${key}: ${formatEndpoint(host, port)} ${reason} (${code})`, { cause: error });
  }
}
