import { expect, it } from "vitest";
import { readAltNames } from "../src/alt-names.ts";

it.each([
  ["DNS:a.example, URI:spiffe://eu/shop, IP Address:10.0.0.1", ["a.example", "spiffe://eu/shop"]],
  ['DNS:"a\\u002c DNS:evil", DNS:b', ["a, DNS:evil", "b"]],
  ['URI:"spiffe://eu/\\"x\\", URI:y"', ['spiffe://eu/"x", URI:y']],
  ['DNS:"unended, DNS:evil', []],
  ["email:a@b.example", []],
  ["", []],
])("the names in %s are %j", (text, names) => {
  expect(readAltNames(text)).toEqual(names);
});
