import { defineConfig } from "vite";

// The bundle is committed, so its names are stable and the libraries lie apart: an edit of ours changes one file.
export default defineConfig({
  base: "/static/",
  build: {
    outDir: "../graph_web/static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    license: { fileName: "licenses.md" },
    rolldownOptions: {
      checks: { moduleLevelDirective: false },
      output: {
        entryFileNames: "editor.js",
        chunkFileNames: "[name].js",
        assetFileNames: "[name][extname]",
        codeSplitting: {
          groups: [
            { name: "vendor", test: /node_modules/ },
          ],
        },
      },
    },
  },
});
