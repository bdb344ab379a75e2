import type { Cpu } from '../src/core/cpu.ts'

/**
 * Where a live definition is not the one that QEMU's own description gives; both expanded. Features that
 * only the live one mentions as disabled are no difference.
 */
export function liveDifferences(wanted: Cpu, live: Cpu): string[] {
  if (wanted.model !== live.model) return [`model ${live.model}, expected ${wanted.model}`]
  const policies = (cpu: Cpu) => new Map(cpu.features.map(({ name, policy }) => [name, policy]))
  const [want, got] = [policies(wanted), policies(live)]
  const names = [...new Set([...want.keys(), ...got.keys()])].sort()
  return names.flatMap(name => {
    const [w, g] = [want.get(name), got.get(name)]
    const differs =
      w === g ? false : w === 'require' || g === 'require' || (w === 'disable' && g === undefined)
    return differs ? [`${name}: ${g ?? 'not listed'}, expected ${w ?? 'not listed'}`] : []
  })
}
