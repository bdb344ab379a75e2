import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { builtin } from '../../map/built-in.ts'
import { Database } from '../../map/database.ts'
import { fileError } from './file-error.ts'

const opened = new Map<string, Database>()

/**
 * The database of a libvirt `cpu_map` directory; read once a process.
 * @throws FileError, ParseError, or LibvirtError for what libvirt itself would refuse
 */
export function openCpuMap(directory: string): Database {
  const key = resolve(directory)
  const known = opened.get(key)
  if (known) return known
  const database = Database.fromCpuMap(name => readMapFile(`${directory}/${name}`), 'x86', builtin())
  opened.set(key, database)
  return database
}

function readMapFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw fileError('open', path, error)
  }
}
