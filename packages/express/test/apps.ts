/** The two Express versions under one type. */
import { createRequire } from "node:module";
import express5 from "express";

export type Framework = typeof express5;

export const VERSIONS: readonly (readonly [name: string, framework: Framework])[] = [
  ["Express 4", createRequire(import.meta.url)("express4") as Framework],
  ["Express 5", express5],
];
