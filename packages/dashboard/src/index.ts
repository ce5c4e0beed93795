/** The diagnostics page as files to serve: it reads `/diagnostics/breaks`, `repairs` and `pipeline` and draws them. */
import { readFileSync } from "node:fs";

export interface PageFile {
  readonly type: string;
  readonly body: string;
}

/** Only its own files and its own origin: what a peer may have put into a name cannot load or send anything. */
export const PAGE_POLICY: string =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

const TYPES = { html: "text/html", css: "text/css", js: "text/javascript" } as const;

function file(name: string, kind: keyof typeof TYPES): PageFile {
  const body = readFileSync(new URL(`../assets/${name}.${kind}`, import.meta.url), "utf8");
  return { type: `${TYPES[kind]}; charset=utf-8`, body };
}

/** Path → file. */
export const PAGE_FILES: Readonly<Record<string, PageFile>> = {
  "/diagnostics": file("page", "html"),
  "/diagnostics/page.css": file("page", "css"),
  "/diagnostics/page.js": file("page", "js"),
  "/diagnostics/map.js": file("map", "js"),
  "/diagnostics/break.js": file("break", "js"),
  "/diagnostics/element.js": file("element", "js"),
};
