import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { CpuMap } from '../../map/cpu-map.ts'
import { installedMap } from '../../map/libvirt/cpu-map.ts'
import { fileError } from './file-error.ts'

const opened = new Map<string, CpuMap>()

/**
 * The map of a libvirt `cpu_map` directory; read once a process.
 * @throws FileError, ParseError, or LibvirtError for what libvirt itself would refuse
 */
export function openCpuMap(directory: string): CpuMap {
  const key = resolve(directory)
  const known = opened.get(key)
  if (known) return known
  const map = installedMap(name => readMapFile(`${directory}/${name}`))
  map.of('x86')
  opened.set(key, map)
  return map
}

function readMapFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw fileError('open', path, error)
  }
}
