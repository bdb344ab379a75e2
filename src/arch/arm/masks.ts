/** QEMU's property that hides a flag of the host from guests under KVM; undefined: nothing does. @see QEMU, Arm CPU Features */
export function hiddenBy(hwcap: string): string | undefined {
  if (hwcap.startsWith('sve')) return 'sve=off'
  return hwcap === 'paca' || hwcap === 'pacg' ? 'pauth=off' : undefined
}

/** What KVM gives no guest, or only one that asks for it: that hosts differ in it keeps no guest from moving. */
export const isNeverGiven = (hwcap: string): boolean => hwcap.startsWith('sme') || hwcap.startsWith('mte')
