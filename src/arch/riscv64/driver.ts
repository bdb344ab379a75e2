import { type Driver, IDENTICAL } from '../driver.ts'
import { asHost } from '../host-model.ts'
import { overlookedIn } from '../model-fold.ts'
import { bestDetect, bestFold, flagPlace } from './best.ts'
import { profiles } from './models.ts'

/** libvirt knows no RISC-V models: QEMU does. */
export const riscv64: Driver = {
  name: 'riscv64',
  arches: ['riscv64'],
  data: { folder: 'riscv64' },
  ownModels: profiles,
  compare: () => IDENTICAL,
  overlooked: (_, host, cpu) => overlookedIn(profiles(), host, cpu),
  update: (_, guest, host) => (guest.mode === 'host-model' ? asHost(guest, host) : guest),
  bestDetect,
  flagPlace,
  bestFold,
}
