import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatGrpcMessage,
  grpcMessageBytes,
  grpcPath,
  grpcPrefix,
  parseGrpcMessage,
  readGrpcMessage,
  signalOfGrpcPath,
} from "@tracemend/otlp";
import { concat } from "./support/bytes.ts";

describe("the envelope of a gRPC message", () => {
  it("is a flag and a big-endian length", () => {
    expect(grpcPrefix(0x01020304)).toEqual(Uint8Array.of(0, 1, 2, 3, 4));
    expect(grpcPrefix(0xfffffffe, true)).toEqual(Uint8Array.of(1, 255, 255, 255, 254));
  });

  it("gives the message it was put around", () => {
    const message = Uint8Array.of(10, 0);
    expect(readGrpcMessage(concat(grpcPrefix(2), message))).toEqual({ kind: "message", compressed: false, message });
    expect(readGrpcMessage(concat(grpcPrefix(2, true), message))).toMatchObject({ compressed: true });
    expect(readGrpcMessage(grpcPrefix(0))).toMatchObject({ kind: "message", message: new Uint8Array(0) });
  });

  it.each<[string, Uint8Array, string]>([
    ["an empty body", concat(), "the body has 0 of 5 prefix bytes"],
    ["a cut prefix", Uint8Array.of(0, 0, 0, 0), "the body has 4 of 5 prefix bytes"],
    ["an unknown flag", Uint8Array.of(2, 0, 0, 0, 0), "compressed flag 2"],
    ["a cut message", concat(grpcPrefix(3), Uint8Array.of(1)), "1 of 3 message bytes"],
    ["two messages", concat(grpcPrefix(0), grpcPrefix(0)), "more than one message in a unary call"],
  ])("is refused for %s", (_what, body, message) => {
    expect(readGrpcMessage(body)).toEqual({ kind: "malformed", message });
  });

  it("tells the length as soon as five bytes are there, so that too much is refused before it is read", () => {
    expect(grpcMessageBytes(Uint8Array.of(0, 255, 255, 255, 255))).toBe(2 ** 32 - 1);
    expect(grpcMessageBytes(new Uint8Array(4))).toBeUndefined();
  });
});

describe("grpc-message", () => {
  it("is percent-encoded outside of printable ASCII", () => {
    expect(formatGrpcMessage("50% voll: größe\n")).toBe("50%25 voll: gr%C3%B6%C3%9Fe%0A");
  });

  it("survives the header for every text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(parseGrpcMessage(formatGrpcMessage(text))).toBe(text);
      }),
    );
  });

  it("keeps what is no escape", () => {
    expect(parseGrpcMessage("100% sure, %zz, %2, %41")).toBe("100% sure, %zz, %2, A");
  });
});

it("every signal has a method, and every method its signal", () => {
  for (const signal of ["traces", "metrics", "logs", "profiles"] as const) {
    expect(signalOfGrpcPath(grpcPath(signal))).toBe(signal);
  }
  expect(grpcPath("traces")).toBe("/opentelemetry.proto.collector.trace.v1.TraceService/Export");
  expect(signalOfGrpcPath("/x/Export")).toBeUndefined();
});
