// The pages that assayd serves: index.html and assets/ with hashed names.
import preact from '@preact/preset-vite'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [preact({ reactAliasesEnabled: false, devToolsEnabled: false })],
  build: {
    outDir: 'dist',
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    sourcemap: false,
  },
  // `npm run dev` beside a running assayd.
  server: { proxy: { '/api': process.env['ASSAY_WEB'] ?? 'http://127.0.0.1:7480' } },
  test: { environment: 'jsdom', include: ['tests/**/*.test.{ts,tsx}'] },
} as Parameters<typeof defineConfig>[0])
