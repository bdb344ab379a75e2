import type { CommandTable } from './command.ts'

export const COMMANDS: CommandTable = {
  capabilities: ['capabilities', () => import('./virsh/capabilities.ts')],
  domcapabilities: ['domain capabilities', () => import('./virsh/domcapabilities.ts')],
  'cpu-baseline': ['compute baseline CPU', () => import('./virsh/cpu-baseline.ts')],
  'cpu-compare': [
    'compare host CPU with a CPU described by an XML file',
    () => import('./virsh/cpu-compare.ts'),
  ],
  'hypervisor-cpu-baseline': [
    'compute baseline CPU usable by a specific hypervisor',
    () => import('./virsh/hypervisor-cpu-baseline.ts'),
  ],
  'hypervisor-cpu-compare': [
    'compare a CPU with the CPU created by a hypervisor on the host',
    () => import('./virsh/hypervisor-cpu-compare.ts'),
  ],
  'hypervisor-cpu-models': [
    'Hypervisor reported CPU models',
    () => import('./virsh/hypervisor-cpu-models.ts'),
  ],
  'cpu-models': ['CPU models', () => import('./virsh/cpu-models.ts')],
  decode: ['what CPU a dump is', () => import('./commands/decode.ts')],
  guest: ['what libvirt would do with a guest', () => import('./commands/guest.ts')],
  models: ['which named models every host of a pool can give', () => import('./commands/models.ts')],
  tree: ['how the CPU models descend from each other', () => import('./commands/tree.ts')],
  name: ["a feature's place, meaning and names elsewhere", () => import('./commands/name.ts')],
  explain: [
    'what a fleet’s guests get, why, and what each host costs',
    () => import('./commands/explain-fleet.ts'),
  ],
  pools: ['the best pools for a fleet', () => import('./commands/pools.ts')],
  advise: ['which strategy to take for a fleet, and why', () => import('./commands/advise.ts')],
  'what-if': ['what a change would do to pools and guests', () => import('./commands/what-if.ts')],
  migrate: ['where guests can start and move, and why not', () => import('./commands/migrate.ts')],
  drain: ['an order for a rolling upgrade, and who is stuck', () => import('./commands/drain.ts')],
  drift: ['how a fleet differs from what it was', () => import('./commands/drift.ts')],
  check: ['whether a fleet keeps to its requirements', () => import('./commands/check.ts')],
  batch: ['answer JSON requests, one a line', () => import('./commands/batch.ts')],
  page: ['the page as one HTML file', () => import('./commands/page.ts')],
  serve: ['the page and the JSON questions over HTTP', () => import('./commands/serve.ts')],
  completion: ['a completion script for bash, zsh or fish', () => import('./commands/completion.ts')],
}
