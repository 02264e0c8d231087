// Bundles the report's script and style into dist, and notes which sources they were made from.
import { build } from "esbuild";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";

const root = new URL(".", import.meta.url);
const shared = { bundle: true, minify: true, legalComments: "none", target: "es2022", absWorkingDir: root.pathname, logLevel: "warning" };
await build({ ...shared, entryPoints: ["src/main.ts"], outfile: "dist/report.js", format: "iife" });
await build({ ...shared, entryPoints: ["src/report.css"], outfile: "dist/report.css" });

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
