import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const rows = readFileSync(join(root, 'docs', 'quality.md'), 'utf8')
  .split('\n')
  .filter(line => line.startsWith('| ') && !/^\| (?:what must hold|---) \|/.test(line))
  .map(line => line.split(' | ').map(cell => cell.replace(/^\| | ?\|$/g, '').trim()))

test('docs/quality.md: every row has a claim, a check that exists and a figure', () => {
  expect(rows.length).toBeGreaterThan(80)
  for (const row of rows) {
    expect(row, row[0]).toHaveLength(3)
    const [claim = '', check = '', figure] = row
    expect(figure, claim).toBeTruthy()
    const commands = Array.from(check.matchAll(/`([^`]+)`/g), ([, command = '']) => command)
    expect(commands, claim).not.toEqual([])
    for (const command of commands) expect(exists(command), `${claim}: ${command}`).toBe(true)
  }
})

/** A file of the tree, a script of package.json, or an option of the row above. */
function exists(command: string): boolean {
  if (command.startsWith('--')) return true
  const [, script] = /^npm run ([\w:]+)/.exec(command) ?? []
  if (script) return script in scripts
  const files = command.split(' ').filter(word => word.includes('/'))
  return files.length > 0 && files.every(file => existsSync(join(root, file)))
}
