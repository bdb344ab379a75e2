import { type Driver, IDENTICAL } from '../driver.ts'
import { overlookedIn } from '../model-fold.ts'
import { bestDetect, bestFold, flagPlace } from './best.ts'
import { cores } from './models.ts'

/** libvirt knows no LoongArch models, and leaves host-model as it is. QEMU has cores. */
export const loongarch64: Driver = {
  name: 'LoongArch',
  arches: ['loongarch64'],
  data: { folder: 'loongarch64' },
  ownModels: cores,
  compare: () => IDENTICAL,
  overlooked: (_, host, cpu) => overlookedIn(cores(), host, cpu),
  update: (_, guest) => guest,
  bestDetect,
  flagPlace,
  bestFold,
}
