import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderOf, runProcess } from '../cli/virt-cpu.ts'
import { freePort } from './access.ts'
import { commandsUnder, newcomersPath, type } from './newcomer.ts'

const root = join(import.meta.dirname, '..', '..')

/** A folder in which the package lies as it would be published, and commands that install that one instead. */
function packed(commands: readonly string[]): { cwd: string; own: string[] } {
  const cwd = folderOf({ 'package.json': '{}' })
  mkdirSync(join(cwd, 'packed'))
  const to = ['--ignore-scripts', '--pack-destination', join(cwd, 'packed')]
  const { status, stderr } = runProcess('npm', ['pack', ...to], { cwd: root })
  expect(status, stderr).toBe(0)
  expect(commands).toHaveLength(5)
  const own = commands.map(command =>
    command.replace(/^npm install virt-cpu\b/, 'npm install --no-audit --no-fund ./packed/*.tgz'),
  )
  expect(own).not.toEqual(commands)
  return { cwd, own }
}

test('five commands with npx lead from nothing to a page with the hosts', () => {
  const { cwd, own } = packed(commandsUnder('With npx'))
  const printed = type(own, cwd, { PATH: newcomersPath() })
  expect(printed).toContain('opened fleet.html')
  expect(printed).toMatch(/2 hosts/)
  const page = readFileSync(join(cwd, 'fleet.html'), 'utf8')
  expect(page).toMatch(/^<!doctype html>/i)
  for (const host of ['kvm-01', 'kvm-02']) expect(page).toContain(host)
})

test('five commands lead to a server that knows the hosts', async () => {
  const { cwd, own } = packed(commandsUnder('With a server that remembers'))
  const port = await freePort()
  const commands = own.map(command =>
    command
      .replaceAll('localhost:8680', `localhost:${port}`)
      // npx would outlive its shell.
      .replace('npx virt-cpu serve', `node_modules/.bin/virt-cpu serve --port ${port}`),
  )
  // A browser, as far as newcomers need one here.
  const browser = '#!/bin/sh\ncurl -s "$1" | grep -qi "<!doctype html>" && echo "opened $1"\n'
  const printed = type(["trap 'kill $!' EXIT", ...commands], cwd, {
    PATH: newcomersPath({ 'xdg-open': browser }),
  })
  expect(printed).toContain(`2 of 2 at http://localhost:${port}\nthe server has 2 new\n`)
  expect(printed).toMatch(/"name":"kvm-01","pool":"kvm"/)
  expect(printed).toContain(`opened http://localhost:${port}/\n`)
})
