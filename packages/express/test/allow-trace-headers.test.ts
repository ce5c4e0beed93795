import { describe, expect, it } from "vitest";
import { fieldsOf } from "../../../test/support/raw-exchange.ts";
import { allowTraceHeaders } from "../src/index.ts";
import { serveForTest as serve } from "../../../test/support/service.ts";
import { VERSIONS } from "./apps.ts";

const PREFLIGHT = ["Origin: https://shop.example", "Access-Control-Request-Method: GET"];

describe.each(VERSIONS)("trace headers in preflights of %s", (_, express) => {
  /** The allowed fields in the answer to a preflight with these lines. */
  async function allowed(
    grant: Readonly<Record<string, string>>,
    lines: readonly string[],
  ): Promise<readonly string[]> {
    const app = express()
      .use(allowTraceHeaders())
      .use((_request, response) => {
        response.set(grant).status(204).end();
      });
    const { raw } = await serve(app);
    return fieldsOf(await raw(lines, { method: "OPTIONS" }), "access-control-allow-headers");
  }

  it("are allowed beside the app's own where it grants the origin", async () => {
    const grant = { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "Content-Type" };
    expect(await allowed(grant, [...PREFLIGHT, "Access-Control-Request-Headers: content-type,traceparent"])).toEqual([
      "Content-Type, traceparent",
    ]);
  });

  it("are not allowed where the app grants nothing, or the browser asks for none", async () => {
    const asks = "Access-Control-Request-Headers: traceparent";
    expect(await allowed({}, [...PREFLIGHT, asks])).toEqual([]);
    expect(await allowed({ "Access-Control-Allow-Origin": "*" }, PREFLIGHT)).toEqual([]);
    expect(await allowed({ "Access-Control-Allow-Origin": "*" }, [asks])).toEqual([]);
  });
});
