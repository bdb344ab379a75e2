import { type Driver, IDENTICAL } from '../driver.ts'

/** libvirt knows no LoongArch models, and leaves host-model as it is. */
export const loongarch64: Driver = {
  name: 'LoongArch',
  arches: ['loongarch64'],
  data: () => ({}),
  compare: () => IDENTICAL,
  update: (_, guest) => guest,
}
