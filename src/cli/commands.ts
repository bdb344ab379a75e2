import type { CommandTable } from './command.ts'

/** Every command, in the groups and the order of `--help`. */
export const COMMANDS: CommandTable = {
  capabilities: {
    group: 'virsh',
    summary: 'Print this host as libvirt describes it',
    load: () => import('./virsh/capabilities.ts'),
  },
  domcapabilities: {
    group: 'virsh',
    summary: 'Print what a QEMU can give its guests',
    load: () => import('./virsh/domcapabilities.ts'),
  },
  'cpu-baseline': {
    group: 'virsh',
    summary: 'Compute the baseline CPU of a set of hosts',
    load: () => import('./virsh/cpu-baseline.ts'),
  },
  'cpu-compare': {
    group: 'virsh',
    summary: 'Compare a host CPU with a CPU described by an XML file',
    load: () => import('./virsh/cpu-compare.ts'),
  },
  'hypervisor-cpu-baseline': {
    group: 'virsh',
    summary: 'Compute the baseline CPU that a hypervisor can use',
    load: () => import('./virsh/hypervisor-cpu-baseline.ts'),
  },
  'hypervisor-cpu-compare': {
    group: 'virsh',
    summary: 'Compare a CPU with the CPU that a hypervisor provides',
    load: () => import('./virsh/hypervisor-cpu-compare.ts'),
  },
  'hypervisor-cpu-models': {
    group: 'virsh',
    summary: 'List the CPU models that a hypervisor reports',
    load: () => import('./virsh/hypervisor-cpu-models.ts'),
  },
  'cpu-models': {
    group: 'virsh',
    summary: 'List the CPU models of an architecture',
    load: () => import('./virsh/cpu-models.ts'),
  },
  decode: { group: 'hosts', summary: 'Name the CPU of a dump', load: () => import('./commands/decode.ts') },
  models: {
    group: 'hosts',
    summary: 'List the named models that every host of a pool can give',
    load: async () => ({ command: (await import('./commands/catalogue.ts')).modelsCommand }),
  },
  collect: {
    group: 'hosts',
    summary: 'Ask hosts over ssh what they say of themselves',
    load: () => import('./commands/collect.ts'),
  },
  hosts: {
    group: 'fleets',
    summary: 'List the hosts of a fleet and what is known of each',
    load: async () => ({ command: (await import('./commands/hosts.ts')).hostsCommand }),
  },
  explain: {
    group: 'fleets',
    summary: 'Explain what the guests of pools get, and why',
    load: async () => ({ command: (await import('./commands/hosts.ts')).explainCommand }),
  },
  pools: {
    group: 'fleets',
    summary: 'Find the best pools for a fleet',
    load: async () => ({ command: (await import('./commands/plan.ts')).poolsCommand }),
  },
  advise: {
    group: 'fleets',
    summary: 'Recommend a strategy for a fleet',
    load: async () => ({ command: (await import('./commands/plan.ts')).adviseCommand }),
  },
  'what-if': {
    group: 'fleets',
    summary: 'Compute what a change does to pools and guests',
    load: async () => ({ command: (await import('./commands/plan.ts')).whatIfCommand }),
  },
  drain: {
    group: 'fleets',
    summary: 'Plan a rolling upgrade',
    load: async () => ({ command: (await import('./commands/plan.ts')).drainCommand }),
  },
  drift: {
    group: 'fleets',
    summary: 'Compare a fleet with what it was',
    load: async () => ({ command: (await import('./commands/check.ts')).driftCommand }),
  },
  check: {
    group: 'fleets',
    summary: 'Check a fleet against its requirements',
    load: async () => ({ command: (await import('./commands/check.ts')).checkCommand }),
  },
  migrate: {
    group: 'guests',
    summary: 'Find where guests can start and move, and what prevents it',
    load: async () => ({ command: (await import('./commands/hosts.ts')).migrateCommand }),
  },
  guest: {
    group: 'guests',
    summary: 'Check what libvirt does when a guest starts',
    load: () => import('./commands/guest.ts'),
  },
  audit: {
    group: 'guests',
    summary: 'Find what hosts are vulnerable to, and what guests believe',
    load: async () => ({ command: (await import('./commands/check.ts')).auditCommand }),
  },
  level: {
    group: 'hosts',
    summary: 'Say which level and -march hosts, guests and pools reach',
    load: async () => ({ command: (await import('./commands/catalogue.ts')).levelCommand }),
  },
  fits: {
    group: 'guests',
    summary: 'Find who cannot run an operating system or a program',
    load: async () => ({ command: (await import('./commands/catalogue.ts')).fitsCommand }),
  },
  doctor: {
    group: 'guests',
    summary: 'Explain error texts about CPUs, and what to do',
    load: async () => ({ command: (await import('./commands/catalogue.ts')).doctorCommand }),
  },
  verify: {
    group: 'guests',
    summary: 'Prove on QEMU that a guest CPU starts and migrates unchanged',
    load: () => import('./commands/verify.ts'),
  },
  tree: {
    group: 'tools',
    summary: 'Show how CPU models descend from each other',
    load: async () => ({ command: (await import('./commands/catalogue.ts')).treeCommand }),
  },
  convert: {
    group: 'guests',
    summary: "Convert a guest's CPU from any format to another",
    load: () => import('./commands/convert.ts'),
  },
  name: {
    group: 'tools',
    summary: "Describe a feature: place, meaning, every tool's name",
    load: async () => ({ command: (await import('./commands/catalogue.ts')).nameCommand }),
  },
  batch: {
    group: 'tools',
    summary: 'Answer JSON requests, one a line',
    load: () => import('./commands/batch.ts'),
  },
  mcp: {
    group: 'tools',
    summary: 'Answer questions as tools of the Model Context Protocol',
    load: () => import('./commands/mcp.ts'),
  },
  page: {
    group: 'tools',
    summary: 'Print the page as one HTML file',
    load: () => import('./commands/page.ts'),
  },
  serve: {
    group: 'tools',
    summary: 'Serve the page and the JSON questions over HTTP',
    load: () => import('./commands/serve.ts'),
  },
  inventory: {
    group: 'tools',
    summary: "Export, import and tidy a server's inventory",
    load: () => import('./commands/inventory.ts'),
  },
  completion: {
    group: 'tools',
    summary: 'Print a completion script for bash, zsh or fish',
    load: () => import('./commands/completion.ts'),
  },
}
