import { expect, test } from 'vitest'
import { Engine } from '../../web/worker/engine.ts'
import { qemuOf, refusals, whyNoQemu as why } from '../e2e/qemu-takes.ts'
import { FLEETS } from './fleets.ts'

const PLAIN = { expand: false, migratable: false, best: false, onModel: '' }

test.skipIf(why)(
  `every line that the page writes for the installed QEMU is taken by it (${why ?? 'installed'})`,
  { timeout: 900_000 },
  async () => {
    const qemu = qemuOf()
    const texts = new Set<string>()
    for (const [, files] of FLEETS) {
      const engine = new Engine({ texts: [], files: [] })
      await engine.add(
        Object.entries(files).map(([path, text]) => ({ path, text })),
        '',
      )
      for (const { label } of engine.pools().cards) {
        const { guests, cpu } = engine.baseline(label, { ...PLAIN, qemu })
        for (const { text } of [...(guests?.written ?? []), ...(cpu?.written ?? [])])
          if (text.startsWith('-cpu ')) texts.add(text)
      }
    }
    expect(texts.size).toBeGreaterThan(5)
    expect(await refusals([...texts])).toEqual([])
  },
)
