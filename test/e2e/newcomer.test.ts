import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderOf, runProcess } from '../cli/virt-cpu.ts'
import { commandsUnder, newcomersPath, type } from './newcomer.ts'

test('five commands with npx lead from nothing to a page with the hosts', () => {
  const root = join(import.meta.dirname, '..', '..')
  const cwd = folderOf({ 'package.json': '{}' })
  mkdirSync(join(cwd, 'packed'))
  const packed = runProcess('npm', ['pack', '--ignore-scripts', '--pack-destination', join(cwd, 'packed')], {
    cwd: root,
  })
  expect(packed.status, packed.stderr).toBe(0)
  const commands = commandsUnder('With npx')
  expect(commands).toHaveLength(5)
  // The package as it would be published, instead of the one that is.
  const own = commands.map(command =>
    command.replace(/^npm install virt-cpu$/, 'npm install --no-audit --no-fund ./packed/*.tgz'),
  )
  expect(own).not.toEqual(commands)
  const printed = type(own, cwd, { PATH: newcomersPath() })
  expect(printed).toContain('opened fleet.html')
  expect(printed).toMatch(/2 hosts/)
  const page = readFileSync(join(cwd, 'fleet.html'), 'utf8')
  expect(page).toMatch(/^<!doctype html>/i)
  for (const host of ['kvm-01', 'kvm-02']) expect(page).toContain(host)
})
