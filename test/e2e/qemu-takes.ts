import { execFile, execFileSync } from 'node:child_process'
import { findEmulator } from '../../src/host/qemu/emulator.ts'
import { needed, notInstalled } from '../needs.ts'

const binary = findEmulator('x86_64')
export const whyNoQemu = needed('QEMU for x86', binary ? undefined : notInstalled('qemu-system-x86_64'))

/** The version of the installed QEMU; empty: there is none. */
export const qemuOf = (): string =>
  /version (\d+\.\d+)/.exec(binary ? execFileSync(binary, ['--version'], { encoding: 'utf8' }) : '')?.[1] ??
  ''

/** What QEMU says of an argument that it does not take; empty where it takes it. */
const refusal = (text: string): Promise<string> =>
  new Promise(resolve => {
    const argument = text.trim().replace(/^-cpu /, '')
    const options = [
      '-machine',
      'q35',
      '-m',
      '32',
      '-S',
      '-accel',
      'tcg',
      '-nodefaults',
      '-display',
      'none',
      '-monitor',
      'stdio',
    ]
    const child = execFile(
      binary ?? '',
      [...options, '-cpu', argument],
      { timeout: 120_000 },
      (error, _, stderr) => resolve(error ? `${argument}: ${stderr}` : ''),
    )
    child.stdin?.end('quit\n')
  })

/** What QEMU says of `-cpu` arguments that it does not take. Two at a time: a host has at least so many CPUs. */
export async function refusals(texts: readonly string[]): Promise<string[]> {
  const [queue, found] = [[...texts], [] as string[]]
  const work = async () => {
    for (let text = queue.pop(); text !== undefined; text = queue.pop()) found.push(await refusal(text))
  }
  await Promise.all([work(), work()])
  return found.filter(Boolean)
}
