/** The request that middleware is measured with: a head as a service behind two proxies sees it. */

export const TRACE = "0af7651916cd43dd8448eb211c80319c";
export const TRACEPARENT = `00-${TRACE}-b7ad6b7169203331-01`;

const HEAD = [
  "GET /products/7 HTTP/1.1",
  "Host: shop.example",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  "Accept: application/json, text/plain, */*",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Accept-Language: en-GB,en;q=0.9",
  "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark",
  "Referer: https://shop.example/products",
  "X-Forwarded-For: 203.0.113.7, 10.0.0.1",
  "X-Forwarded-Proto: https",
  "X-Request-Id: 3f1c2a0e-7a55-4d1b-9a0c-0b7e5f1d2c3b",
  `traceparent: ${TRACEPARENT}`,
  "tracestate: vendor=00f067aa0ba902b7",
];

export const REQUEST: Buffer = Buffer.from(`${HEAD.join("\r\n")}\r\n\r\n`);
