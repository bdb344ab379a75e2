import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CpuMap } from '../src/map/cpu-map.ts'
import { installedMap } from '../src/map/libvirt/cpu-map.ts'

/** A folder of reference data; every reader answers undefined or nothing for what is absent. */
export class DataFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  has(...parts: string[]): boolean {
    return existsSync(join(this.path, ...parts))
  }

  text(...parts: string[]): string {
    return readFileSync(join(this.path, ...parts), 'utf8')
  }

  bytes(...parts: string[]): Uint8Array {
    return readFileSync(join(this.path, ...parts))
  }

  /** Names in a folder, in bytewise order. */
  names(...parts: string[]): string[] {
    return this.has(...parts) ? readdirSync(join(this.path, ...parts)).sort() : []
  }

  /** The objects of a file that holds one a line. */
  rows<T>(...parts: string[]): T[] {
    if (!this.has(...parts)) return []
    const lines = this.text(...parts).split('\n')
    return lines.filter(line => line.trim() !== '').map(line => JSON.parse(line) as T)
  }

  folder(...parts: string[]): DataFolder {
    return new DataFolder(join(this.path, ...parts))
  }

  /** The map in a `cpu_map` folder, undefined where there is none. */
  cpuMap(...parts: string[]): CpuMap | undefined {
    return this.has(...parts, 'index.xml') ? installedMap(name => this.text(...parts, name)) : undefined
  }
}
