// Writes the examples in TypeScript of the documentation's page as one file, for the compiler.
//
//     node examples.mjs URL

import { writeFileSync } from "node:fs";

const page = await (await fetch(`${process.argv[2]}/docs`)).text();
const plain = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&#34;/g, '"').replace(/&#39;/g, "'").replace(/&#43;/g, "+").replace(/&amp;/g, "&");
const examples = [...page.matchAll(/<summary>TypeScript<\/summary><pre>([^]*?)<\/pre>/g)].map((m) => plain(m[1]));
if (examples.length < 100) throw new Error(`the page has only ${examples.length} examples`);
const head = `import createClient from "openapi-fetch";
import type { paths } from "./api.js";
const api = createClient<paths>({ baseUrl: "" });
declare const file: Blob;
declare const form: FormData;
`;
writeFileSync("examples.ts", head + examples.map((e, i) => `export async function example${i}() {\n${e}\nreturn { data, error };\n}\n`).join(""));
console.log(`${examples.length} examples`);
