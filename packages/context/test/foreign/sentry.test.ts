import { expect, it } from "vitest";
import { read, write } from "../../src/foreign/sentry.ts";
import { PARENT, TRACE } from "../heads.ts";

const heard = (value: string) => {
  const reading = read(["Sentry-Trace", value]);
  return reading?.kind === "valid" ? reading.context.sampling : reading?.kind;
};

it("has a decision or leaves it open, and blanks around it", () => {
  expect(heard(`${TRACE}-${PARENT}-1`)).toBe("accept");
  expect(heard(` ${TRACE}-${PARENT}-0\t`)).toBe("deny");
  expect(heard(`${TRACE}-${PARENT}`)).toBe("defer");
  expect(heard(`${TRACE}-${PARENT}-`)).toBe("defer");
});

it("joined values that are the same are one, others are malformed", () => {
  expect(heard(`${TRACE}-${PARENT}-1, ${TRACE}-${PARENT}-1`)).toBe("accept");
  expect(heard(`${TRACE}-${PARENT}-1, ${TRACE}-${PARENT}-0`)).toBe("malformed");
  for (const value of ["", "-1", TRACE, `${TRACE}-${PARENT}-2`, `${TRACE}-${PARENT}-1-1`])
    expect(heard(value)).toBe("malformed");
});

it("is written as it is read", () => {
  const outgoing = { traceId: TRACE, parentId: PARENT, idDigits: 32, rest: "" } as const;
  expect(write({ ...outgoing, sampling: "debug" })[0]?.value).toBe(`${TRACE}-${PARENT}-1`);
  expect(write({ ...outgoing, sampling: "defer" })[0]?.value).toBe(`${TRACE}-${PARENT}`);
});
