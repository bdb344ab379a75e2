import { CpuMap } from '../../src/map/cpu-map.ts'
import { Pool, type PoolOptions } from '../../src/questions/baseline/pool.ts'
import { guest, host } from '../notation.ts'

/** Hosts by name; a guest definition starts with its match. */
export function pool(hosts: Readonly<Record<string, string>>, options: PoolOptions = {}): Pool {
  const made = new Pool(CpuMap.builtIn(), options)
  for (const [source, text] of Object.entries(hosts)) {
    made.add(/^(exact|strict|host-model)\b/.test(text) ? guest(text) : host(text), source)
  }
  return made
}
