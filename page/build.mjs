// Bundle the page into the package: node is needed to change the page, never to install or to use it.
import { build } from "esbuild";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, "../src/heliograph/web/static");

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await build({
  absWorkingDir: here,
  entryPoints: ["src/main.ts", "src/charts.ts"],
  external: ["./charts.js"], // loaded when figures are asked for
  outdir: out,
  entryNames: "[name]",
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  logLevel: "warning",
});
for (const name of ["index.html", "style.css", "sun.svg"]) await copyFile(join(here, "src", name), join(out, name));

// The licences of what is bundled travel with it.
const parts = [];
for (const name of ["echarts", "zrender", "tslib"]) {
  for (const file of ["LICENSE", "LICENSE.md", "license.txt", "LICENSE.txt"]) {
    const text = await readFile(join(here, "node_modules", name, file), "utf8").catch(() => "");
    if (text) {
      parts.push(`${name}\n\n${text.trim()}\n`);
      break;
    }
  }
}
await writeFile(join(out, "LICENSES.txt"), parts.join("\n----\n\n"));
