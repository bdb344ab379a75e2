import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { ParseError } from '../../src/core/parse-error.ts'
import { readText } from '../../src/formats/dialects.ts'
import { contextOf } from '../../src/questions/context.ts'
import { fleetOfInput } from '../../src/questions/input/fleet/open-fleet.ts'
import { runProcess } from '../cli/virt-cpu.ts'
import { needed, notInstalled } from '../needs.ts'
import { freePort } from './sshd.ts'

/** What programs of the distribution print of this very machine, beside what its kernel shows. */

const context = contextOf()
const hostOf = (text: string) => {
  const [host] = fleetOfInput(context, { documents: [{ path: 'host.txt', text }] }).fleet.hosts
  if (!host) throw new Error('no host')
  return host
}

const noExporter = needed('node_exporter', notInstalled('prometheus-node-exporter'))

describe.skipIf(noExporter)(`node_exporter (${noExporter ?? 'installed'})`, () => {
  let exporter: ChildProcess | undefined
  afterAll(() => {
    exporter?.kill()
  })

  async function metrics(...more: string[]): Promise<string> {
    const port = await freePort()
    const args = [`--web.listen-address=127.0.0.1:${port}`, '--collector.disable-defaults']
    exporter?.kill()
    exporter = spawn('prometheus-node-exporter', [...args, '--collector.cpu', '--collector.uname', ...more], {
      stdio: 'ignore',
    })
    for (let tries = 0; ; tries++) {
      try {
        return await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
      } catch (error) {
        if (tries > 600) throw error
        await setTimeout(100)
      }
    }
  }

  test('with all flags it tells what /proc/cpuinfo tells', async () => {
    const text = await metrics('--collector.cpu.info', '--collector.cpu.info.flags-include=.*')
    const [read, shown] = [hostOf(text), hostOf(readFileSync('/proc/cpuinfo', 'utf8'))]
    const names = (host: typeof read) => context.db.features.in(host.features).map(({ name }) => name)
    expect(names(read)).toEqual(names(shown))
    expect([read.vendor, read.signature]).toEqual([shown.vendor, shown.signature])
    expect(read.kernel).toBe(runProcess('uname', ['-r']).stdout.trim())
  })

  test('without flags it says nothing of what is missing', async () => {
    const { evidence } = hostOf(await metrics('--collector.cpu.info'))
    expect(evidence?.absent.isEmpty).toBe(true)
  })
})

const noChecker = needed('spectre-meltdown-checker', notInstalled('spectre-meltdown-checker'))

test.skipIf(noChecker)(`spectre-meltdown-checker (${noChecker ?? 'installed'})`, () => {
  const { stdout } = runProcess('spectre-meltdown-checker', ['--batch', 'json'])
  if (stdout.trim().startsWith('[')) {
    expect(() => readText(stdout, 'checker.json')).toThrow(ParseError)
    expect(() => readText(stdout, 'checker.json')).toThrow(/^checker\.json: .*version 26 and newer do/)
  } else {
    const [shown] = readText(readFileSync('/proc/cpuinfo', 'utf8'))
    const signature = shown?.kind === 'dump' ? hostOf(readFileSync('/proc/cpuinfo', 'utf8')).signature : {}
    expect(readText(stdout)[0]).toMatchObject({ kind: 'statement', layer: 'hardware', signature })
  }
})
