/** Whose behaviour is asked for. The data is chosen by the cpu_map alone. */
export type LibvirtVersion = '11.3' | '12.8'

export const LIBVIRT_VERSIONS: readonly LibvirtVersion[] = ['11.3', '12.8']

/** Every place where the two behave differently, and what 12.8 does. */
const NEW_IN_12_8 = {
  'host-feature-dot':
    "the schema takes a dot in the name of a host's feature (sse4.1): a host's own CPU is valid",
  energy: 'capabilities tell of the energy counters of resctrl',
  'ignore-host': 'hypervisor-cpu-baseline takes --ignore-host: what the host can enable plays no role',
} as const

/** Whether that version has the newer behaviour. */
export const hasBehaviour = (version: LibvirtVersion, what: keyof typeof NEW_IN_12_8): boolean =>
  what in NEW_IN_12_8 && version === '12.8'
