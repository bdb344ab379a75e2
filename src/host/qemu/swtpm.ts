import { spawnSync } from 'node:child_process'
import { findProgram } from './find-program.ts'

const TIMEOUT = 5000

/** The versions of TPM that swtpm can be; undefined where it is not wholly installed. */
export function readSwtpm(): readonly string[] | undefined {
  const setup = findProgram('swtpm_setup')
  if (setup === undefined || !findProgram('swtpm') || !findProgram('swtpm_ioctl')) return undefined
  const { stdout } = spawnSync(setup, ['--print-capabilities'], { encoding: 'utf8', timeout: TIMEOUT })
  return ['1.2', '2.0'].filter(version => stdout?.includes(`"tpm-${version}"`))
}
