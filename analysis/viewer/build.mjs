// Builds viewer.html: one page without any other file, since browsers run neither modules nor workers from file://.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const output = process.argv[2] ?? "dist/viewer.html";

// H5Web's worker mounts local files (blobs) only. For `gansweep view` it must also read ranges of a URL: two places of
// its source are replaced, and the build fails if they are not there.
const ranges = readFileSync("source/ranges.js", "utf8");
const readsRanges = {
  name: "worker-reads-ranges",
  setup(builder) {
    builder.onLoad({ filter: /@h5web\/h5wasm\/dist\/index\.mjs$/ }, ({ path }) => {
      let source = readFileSync(path, "utf8");
      const replace = (from, to) => {
        const parts = source.split(from);
        if (parts.length !== 2) {
          throw new Error(`${path}: "${from}" is there ${parts.length - 1} times, and was expected once`);
        }
        source = parts.join(to);
      };
      const quoted = JSON.stringify(ranges).slice(1, -1).replaceAll("'", "\\'").replaceAll('\\"', '"');
      replace(`const U = '(function(){"use strict";`, `const U = '${quoted}(function(){"use strict";`);
      replace("U.createNode(k,y,U.FILE_MODE,0,D)", "U.createNode(k,y,U.FILE_MODE,0,self.asBlob(D))");
      return { contents: source, loader: "js" };
    });
  },
};

const made = await build({
  entryPoints: ["source/main.jsx"],
  bundle: true,
  minify: true,
  write: false,
  outdir: "unused",
  format: "iife",
  target: "es2022",
  jsx: "automatic",
  legalComments: "inline",
  define: { "process.env.NODE_ENV": '"production"' },
  loader: { ".woff": "dataurl", ".woff2": "dataurl", ".svg": "dataurl", ".png": "dataurl" },
  plugins: [readsRanges],
  logLevel: "warning",
});
const text = (ending) => made.outputFiles.find((file) => file.path.endsWith(ending)).text;
const page = readFileSync("source/page.html", "utf8")
  .replace("/* style */", () => text(".css").replaceAll("</style", "<\\/style"))
  .replace("/* script */", () => text(".js").replaceAll("</script", "<\\/script"));
mkdirSync(output.replace(/[^/]*$/, "") || ".", { recursive: true });
writeFileSync(output, page);
console.log(`${output}: ${(page.length / 1e6).toFixed(1)} MB`);
