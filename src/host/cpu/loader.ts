import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Dump } from '../../formats/dumps/dump.ts'
import { parseLoaderDiagnostics } from '../../formats/dumps/loader-diagnostics.ts'
import { codeOf, wordOf } from '../files/file-error.ts'
import { RouteError } from './route-error.ts'

/** Where glibc's dynamic loader is on x86, by its ABI or by where distributions without these folders keep it. */
const LOADERS = [
  '/lib64/ld-linux-x86-64.so.2',
  '/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2',
  '/usr/bin/ld.so',
  '/run/current-system/sw/bin/ld.so',
  '/lib/ld-linux.so.2',
]
const TIMEOUT = 10_000

/** What the dynamic loader tells of the CPUs. @throws RouteError where there is none, or an old one (before glibc 2.33) */
export function readByLoader(): Dump[] {
  const loader = LOADERS.find(path => existsSync(path))
  if (loader === undefined) throw new RouteError('no dynamic loader of glibc')
  const { stdout, error, status } = spawnSync(loader, ['--list-diagnostics'], {
    encoding: 'utf8',
    env: {},
    timeout: TIMEOUT,
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 2 ** 26,
  })
  if (error) throw new RouteError(`${loader}: ${wordOf(codeOf(error))}`)
  const dumps = status === 0 ? parseLoaderDiagnostics(stdout) : []
  if (dumps.length === 0) throw new RouteError(`${loader} is of a glibc before 2.33`)
  return dumps
}
