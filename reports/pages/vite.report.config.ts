// The static report: dist/report.html, one file with everything in it. assay puts
// the data into its <script id="assay-report">; the hashes in its policy are those
// of the program and the style, so that nothing else in the file can ever run.
import { createHash } from 'node:crypto'
import preact from '@preact/preset-vite'
import { defineConfig, type Plugin } from 'vite'

const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

function oneFile(): Plugin {
  return {
    name: 'one-file',
    enforce: 'post',
    generateBundle(_, bundle) {
      const page = bundle['report.html']
      if (page?.type !== 'asset') throw new Error('report.html was not built')
      let html = String(page.source)
      let script = ''
      let style = ''
      for (const [name, part] of Object.entries(bundle)) {
        if (part.type === 'chunk') script += part.code
        else if (name.endsWith('.css')) style += String(part.source)
        else continue
        Reflect.deleteProperty(bundle, name)
      }
      script = script.trim().replaceAll('</script', '<\\/script')
      style = style.trim()
      const policy = `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; img-src data:; base-uri 'none'; form-action 'none'`
      html = html
        .replace(/<script type="module"[^>]*><\/script>/, '')
        .replace(/<link rel="stylesheet"[^>]*>/, '')
        .replace('<!--policy-->', () => `<meta http-equiv="Content-Security-Policy" content="${policy}">`)
        .replace('<!--style-->', () => `<style>${style}</style>`)
        .replace('<!--program-->', () => `<script type="module">${script}</script>`)
      page.source = html
    },
  }
}

export default defineConfig({
  plugins: [preact({ reactAliasesEnabled: false, devToolsEnabled: false }), oneFile()],
  build: {
    outDir: 'dist',
    emptyOutDir: false,
    target: 'es2022',
    modulePreload: false,
    cssCodeSplit: false,
    rollupOptions: { input: 'report.html', output: { inlineDynamicImports: true } },
  },
})
