import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProcess } from '../cli/virt-cpu.ts'

/** What the package brings with it: each package's licence allows it, and is told. */

const root = join(import.meta.dirname, '..', '..')

const ALLOWED = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'PSF-2.0', 'Python-2.0']

interface Component {
  readonly name: string
  readonly licenses?: readonly { readonly license: { readonly id?: string } }[]
}

test('the bill of materials names what is installed, under licences that allow it', () => {
  const { stdout, stderr } = runProcess(process.execPath, ['scripts/sbom.mjs'], { cwd: root })
  const components: readonly Component[] = JSON.parse(stdout || stderr).components
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  expect(components.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(dependencies)))
  expect(components.filter(({ licenses }) => !ALLOWED.includes(licenses?.[0]?.license.id ?? ''))).toEqual([])
})

/** Their code is in the page or in the parts. */
test.each(['preact', '@dagrejs/dagre', 'js-yaml', 'valibot', 'picocolors'])('%s may be copied', name => {
  const { license } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'))
  expect(ALLOWED).toContain(license)
})
