/** The products that may stand on a hop, and a remedy told for the one that does. */
import type { Remedy, RemedySnippet } from "../break.ts";

/** `node` is a proxy built on http-proxy or one of its heirs. */
export const GATEWAYS = [
  "nginx",
  "envoy",
  "haproxy",
  "kong",
  "traefik",
  "caddy",
  "apache",
  "node",
  "aws-alb",
  "aws-api-gateway",
  "cloudfront",
] as const;

export type Gateway = (typeof GATEWAYS)[number];

export type GatewaySnippets = Readonly<Partial<Record<Gateway, RemedySnippet>>>;

/** `gateway` is what is known to stand there; where it is unknown, or has no snippet, that of `likeliest` is shown. */
export function remedyFor(
  text: string,
  snippets: GatewaySnippets,
  gateway: Gateway | undefined,
  likeliest: Gateway,
): Remedy {
  const own = gateway === undefined ? undefined : snippets[gateway];
  const shown = own ?? snippets[likeliest];
  if (shown === undefined) return { text };
  const { product, snippet, language } = shown;
  const others = Object.values(snippets).filter((one) => one !== shown);
  const whose = own === undefined ? ` Shown for ${product}; the same for other products stands beside it.` : "";
  return { text: text + whose, snippet, language, others };
}
