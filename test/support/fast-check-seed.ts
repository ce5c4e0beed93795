/** Laws are tried on the same values in every run; `TRACEMEND_FUZZ_SEED` tries others. */
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env["TRACEMEND_FUZZ_SEED"] ?? 1) });
