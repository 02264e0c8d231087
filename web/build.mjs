// Bundles the report's script and style into dist, and notes which sources they were made from.
import { build } from "esbuild";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";

const root = new URL(".", import.meta.url);
const shared = { bundle: true, minify: true, legalComments: "none", target: "es2022", absWorkingDir: root.pathname, logLevel: "warning" };
const script = { ...shared, entryPoints: ["src/main.ts"], outfile: "dist/report.js", format: "iife" };
const { metafile } = await build({ ...script, write: false, metafile: true });
await build({ ...script, banner: { js: notices(Object.keys(metafile.inputs)) } });
await build({ ...shared, entryPoints: ["src/report.css"], outfile: "dist/report.css" });

/** The licences ask that their notices go with every copy: copyright lines, and each text once. */
function notices(inputs) {
  const folders = new Set(inputs.map((path) => /.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0]).filter(Boolean));
  const texts = new Map();
  for (const folder of [...folders].sort()) {
    const file = readdirSync(new URL(folder, root)).find((name) => /^licen[cs]e/i.test(name));
    if (!file) throw new Error(`${folder} has no licence`);
    const lines = readFileSync(new URL(`${folder}/${file}`, root), "utf8").split(/\r?\n/);
    const text = lines.filter((line) => !/^copyright/i.test(line)).join(" ").replace(/\s+/g, " ").replaceAll("*/", "* /").trim();
    const name = folder.replace(/.*node_modules\//, "");
    const owners = lines.filter((line) => /^copyright/i.test(line)).join(", ");
    texts.set(text, [...(texts.get(text) ?? []), `${name}: ${owners}`]);
  }
  return `/*!\n${[...texts].map(([text, names]) => `${names.join("\n")}\n${text}`).join("\n\n")}\n*/`;
}

// FNV-1a, 64 bits: enough to see that a source changed; the Rust test computes the same.
function hash(bytes) {
  let h = 0xcbf29ce484222325n;
  for (const byte of bytes) h = ((h ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return h.toString(16).padStart(16, "0");
}

const sources = readdirSync(new URL("src", root), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => `${entry.parentPath}/${entry.name}`.slice(root.pathname.length).replace(/^\/+/, ""))
  .concat("build.mjs", "package.json", "package-lock.json")
  .sort();
writeFileSync(
  new URL("dist/sources.fnv1a", root),
  sources.map((path) => `${hash(readFileSync(new URL(path, root)))}  ${path}\n`).join(""),
);
