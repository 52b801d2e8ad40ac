// Lints an OpenAPI document by the rules in lint.yaml. A warning is a failure too.
//
//     node lint.mjs DOCUMENT

import { formatProblems, getTotals, lint, loadConfig } from "@redocly/openapi-core";

const config = await loadConfig({ configPath: "lint.yaml" });
const problems = await lint({ ref: process.argv[2], config });
const totals = getTotals(problems);
if (problems.length > 0) formatProblems(problems, { format: "stylish", totals, version: "", maxProblems: 200 });
console.log(`LINT ${problems.length > 0 ? "FAILED" : "OK"}: ${totals.errors} errors and ${totals.warnings} warnings by ${Object.values(config.styleguide.rules.oas3_1).filter((r) => r !== "off" && r?.severity !== "off").length} rules.`);
process.exitCode = problems.length > 0 ? 1 : 0;
