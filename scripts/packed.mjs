// esbuild plugins for `*.packed`, the data of an architecture as one JSON text (src/map/packed.ts).
import { build } from 'esbuild'

/** Where nothing is packed, and the data files are read. */
export const unpacked = {
  name: 'unpacked',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /\.packed$/ }, ({ path }) => ({ path, namespace: 'packed' }))
    onLoad({ filter: /.*/, namespace: 'packed' }, () => ({ contents: '', loader: 'text' }))
  },
}

/** Packs the data files, read by the very code that is being built. */
export const packed = {
  name: 'packed',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /\.packed$/ }, ({ path }) => ({ path, namespace: 'packed' }))
    onLoad({ filter: /.*/, namespace: 'packed' }, async () => {
      const { outputFiles } = await build({
        stdin: { contents: PACK, resolveDir: process.cwd(), loader: 'ts' },
        bundle: true,
        write: false,
        format: 'esm',
        platform: 'node',
        loader: { '.txt': 'text' },
        plugins: [unpacked],
      })
      const { text } = await import(
        `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
      )
      return { contents: text, loader: 'text' }
    })
  },
}

const PACK = `
  import { builtin } from './src/map/built-in.ts'
  import { pack } from './src/map/packed.ts'
  export const text = pack(builtin())
`
