import { expect, it } from "vitest";
import { openAt } from "../src/listening.ts";

const failWith = (code: string) => () => Promise.reject(Object.assign(new Error(`listen ${code}`), { code }));
const at = { host: "::1", port: 80 };

it.each([
  ["EADDRINUSE", "admin.listen: [::1]:80 is in use; end what listens there, or choose another address (EADDRINUSE)"],
  ["EADDRNOTAVAIL", "admin.listen: [::1]:80 is no address of this machine (EADDRNOTAVAIL)"],
  ["EACCES", "admin.listen: [::1]:80 is not allowed to this user; ports below 1024 need a privilege (EACCES)"],
  ["ENOTFOUND", "admin.listen: [::1]:80 has a name that nobody knows (ENOTFOUND)"],
])("%s while listening is told with key and address", async (code, message) => {
  await expect(openAt("admin.listen", at, failWith(code))).rejects.toThrow(message);
});

it("what else goes wrong stays as it is", async () => {
  await expect(openAt("admin.listen", at, failWith("EMFILE"))).rejects.toThrow(/^listen EMFILE$/);
  await expect(openAt("admin.listen", at, () => Promise.resolve(5))).resolves.toBe(5);
});
