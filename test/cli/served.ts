import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { CLI } from './virt-cpu.ts'

/** A server as it is built, in a process of its own. */
export interface Served {
  readonly child: ChildProcess
  readonly url: string
  /** All that it wrote. */
  readonly said: () => string
}

const running: ChildProcess[] = []

/** For `afterEach` of whoever starts servers. */
export function killServers(): void {
  for (const child of running.splice(0)) child.kill('SIGKILL')
}

/** Starts the built command and waits until it says where it is, so many milliseconds at most. */
export async function startServer(
  args: readonly string[],
  within: number,
  env: NodeJS.ProcessEnv = {},
  [program, ...before]: readonly [string, ...string[]] = [process.execPath, CLI],
): Promise<Served> {
  const child = spawn(program, [...before, 'serve', '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  running.push(child)
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (more: string) => {
      text += more
    })
  await expect.poll(() => text, { timeout: within }).toMatch(/serves http\S+/)
  return { child, url: /https?:\S+/.exec(text)?.[0] ?? '', said: () => text }
}

/** The most megabytes that a process and its workers have in memory while something is done. */
export async function mostResident(pid: number | undefined, work: () => Promise<void>): Promise<number> {
  let most = 0
  const timer = setInterval(() => {
    most = Math.max(most, residentOf(pid))
  }, 50)
  await work().finally(() => clearInterval(timer))
  return most
}

function residentOf(pid: number | undefined): number {
  const kilobytes = [String(pid), ...childrenOf(pid)].map(one => {
    try {
      return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${one}/status`, 'utf8'))?.[1] ?? 0)
    } catch {
      return 0
    }
  })
  return kilobytes.reduce((sum, one) => sum + one, 0) / 1024
}

const childrenOf = (pid: number | undefined): string[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
