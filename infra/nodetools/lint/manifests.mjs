// Judges Kubernetes objects of custom kinds: values by the validators that are compiled from the kinds' own schemas, and
// fields that the schemas do not know by the TypeScript types that are made from the same (the validators let those pass).
// Input: a JSON array of {variant, object} on standard input. Output: a line for each fault; exit 1 if there are any.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";

const PACKAGES = {
  "gateway.networking.k8s.io": "@kubernetes-models/gateway-api",
  "serving.knative.dev": "@kubernetes-models/knative",
  "monitoring.coreos.com": "@kubernetes-models/prometheus-operator",
};

const faults = [];
const lines = [];
const owners = [];
const imports = new Map();
for (const { variant, object } of JSON.parse(readFileSync(0, "utf8"))) {
  const { apiVersion, kind, ...rest } = object;
  const owner = `${variant}: ${kind} ${rest.metadata.name}`;
  const library = PACKAGES[apiVersion.split("/")[0]];
  if (!library) {
    faults.push(`${owner}: there is no schema for ${apiVersion}`);
    continue;
  }
  const path = `${library}/${apiVersion}/${kind}`;
  const Model = (await import(path))[kind];
  try {
    new Model(object).validate();
  } catch (error) {
    faults.push(`${owner}: ${error.message}`);
  }
  const type = `I${imports.size}`;
  if (!imports.has(path)) imports.set(path, type);
  owners.push(owner);
  lines.push(`const o${lines.length}: NonNullable<ConstructorParameters<typeof ${imports.get(path)}>[0]> = ${JSON.stringify(rest)};`);
}

const folder = mkdtempSync(join(dirname(process.argv[1]), ".judge-"));
try {
  const file = join(folder, "objects.ts");
  const heads = [...imports].map(([path, name]) => `import { ${path.split("/").pop()} as ${name} } from "${path}";`);
  writeFileSync(file, [...heads, ...lines].join("\n"));
  const options = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, noEmit: true, skipLibCheck: true, strict: true, types: [] };
  for (const diagnostic of ts.getPreEmitDiagnostics(ts.createProgram([file], options))) {
    const line = diagnostic.file ? diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start).line : 0;
    faults.push(`${owners[line - heads.length] ?? "?"}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, " ")}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
console.log(faults.join("\n"));
process.exitCode = faults.length ? 1 : 0;
