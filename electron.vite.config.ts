import react from '@vitejs/plugin-react'
import tailwindcss from '@tailwindcss/vite'
import { defineConfig } from 'electron-vite'
import { resolve } from 'node:path'
import { shipLibsql } from './scripts/packaging/libsql.mjs'
import { shipLicences } from './scripts/packaging/licences.mjs'

const page = (name: string) => resolve(import.meta.dirname, 'src/renderer', name)

// Targets are written out because electron-vite takes them from the declared Electron (45), while the fallback
// runtime is Electron 33: Node 20.18, Chromium 130 (docs/decisions/0001-two-electrons.md).
export default defineConfig({
  main: {
    plugins: [shipLibsql()],
    build: {
      target: 'node20.18',
      // Bundled dependencies start 100–140 ms faster than a walk through node_modules.
      externalizeDeps: false,
      minify: 'oxc',
      rollupOptions: {
        input: {
          index: resolve(import.meta.dirname, 'src/main/index.ts'),
          'search-worker': resolve(import.meta.dirname, 'src/main/search/search-worker.ts'),
        },
        output: { chunkFileNames: '[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      target: 'node20.18',
      externalizeDeps: false,
      // A sandboxed preload must be one CommonJS file.
      rollupOptions: {
        input: { index: resolve(import.meta.dirname, 'src/preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: resolve(import.meta.dirname, 'src/renderer'),
    plugins: [react(), tailwindcss(), shipLicences()],
    build: {
      target: 'chrome130',
      minify: 'oxc',
      // The CSP allows no data: fonts and no inline anything; small assets stay files.
      assetsInlineLimit: 0,
      rollupOptions: {
        input: { index: page('index.html'), 'quick-ask': page('quick-ask.html'), capture: page('capture.html') },
      },
    },
  },
})
