// Bundles styles and scripts, copies fonts, draws the icons, and writes manifest.json.
// Everything goes to a fresh folder that replaces dist/ in one step: a page served meanwhile
// finds either the old build or the new one.
import { createHash } from "node:crypto";
import { constants, copyFile, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, extname, join, basename } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import zlib from "node:zlib";
import esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const fresh = join(here, "dist.new");
const final = join(here, "dist");
const COMPRESSED = new Set([".css", ".js", ".svg"]);

await rm(fresh, { recursive: true, force: true });
await mkdir(fresh, { recursive: true });

const result = await esbuild.build({
  absWorkingDir: here,
  entryPoints: {
    "shell": "src/scripts/shell.js",
    "booking-timeline": "src/scripts/booking-timeline.js",
    "dashboard-charts": "src/scripts/dashboard-charts.js",
    "wall-screen": "src/scripts/wall-screen.js",
    "editor": "src/scripts/editor.js",
    "ltr": "src/styles/ltr.css",
    "rtl": "src/styles/rtl.css",
    "timeline": "src/styles/timeline.css",
    "billing": "src/styles/billing.css",
    "notifications": "src/styles/notifications.css",
    "dashboard": "src/styles/dashboard.css",
    "queue": "src/styles/queue.css",
    "wall": "src/styles/wall.css",
    "public": "src/styles/public.css",
  },
  outdir: fresh,
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022", "chrome114", "firefox115", "safari16.4"],
  loader: { ".woff2": "file", ".woff": "empty" },
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
});

const manifest = {};
for (const [path, output] of Object.entries(result.metafile.outputs)) {
  const name = basename(path);
  if (output.entryPoint) manifest[name.replace(/-[A-Z0-9]{8}(?=\.)/, "")] = name;
}

const drawings = {};
for (const name of JSON.parse(await readFile(join(here, "icons.json"), "utf8"))) {
  const svg = await readFile(join(modules, "@tabler/icons/icons/outline", `${name}.svg`), "utf8");
  drawings[name] = [...svg.matchAll(/<(?:path|circle|rect|line)[^>]*\/>/g)]
    .map((match) => match[0])
    .filter((shape) => !shape.includes('d="M0 0h24v24H0z"'))
    .join("");
}
await writeFile(join(fresh, "icons.json"), JSON.stringify(drawings));

const favicon = await readFile(join(here, "src/favicon.svg"));
manifest["favicon.svg"] = `favicon-${createHash("sha256").update(favicon).digest("hex").slice(0, 8)}.svg`;
await writeFile(join(fresh, manifest["favicon.svg"]), favicon);

const brotli = promisify(zlib.brotliCompress);
const gzip = promisify(zlib.gzip);
for (const name of await readdir(fresh)) {
  if (!COMPRESSED.has(extname(name))) continue;
  const content = await readFile(join(fresh, name));
  await writeFile(join(fresh, `${name}.br`), await brotli(content));
  await writeFile(join(fresh, `${name}.gz`), await gzip(content, { level: 9 }));
}
await writeFile(join(fresh, "manifest.json"), JSON.stringify(manifest));

// Servers started before this build still name its files: one generation is kept for them.
const before = JSON.parse(await readFile(join(final, "manifest.json"), "utf8").catch(() => "{}"));
for (const name of Object.values(before)) {
  for (const file of [name, `${name}.br`, `${name}.gz`]) {
    await copyFile(join(final, file), join(fresh, file), constants.COPYFILE_EXCL).catch(() => {});
  }
}
await rm(final, { recursive: true, force: true });
await rename(fresh, final);
console.log(Object.values(manifest).join("\n"));
