import type { Cpu } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { Database } from '../../database/database.ts'
import type { Driver } from '../driver.ts'
import { asHost } from '../host-model.ts'
import { FirstFold } from './baseline.ts'
import { compare } from './compare.ts'
import { detect } from './detect.ts'
import { armMapOf, TEXTS } from './models.ts'

export const arm: Driver = {
  name: 'arm',
  arches: ['armv6l', 'armv7b', 'armv7l', 'aarch64'],
  texts: TEXTS,
  compare,
  update: (_, guest, host) => (guest.mode === 'host-model' ? asHost(guest, host) : guest),
  detect,
  fold: () => new FirstFold(),
  validate,
}

/** @throws LibvirtError for the first feature that the map does not have */
function validate(db: Database, cpu: Cpu): void {
  const unknown = cpu.features.find(({ name }) => !armMapOf(db).features.includes(name))
  if (unknown) throw new LibvirtError('unsupported', `unknown CPU feature: ${unknown.name}`)
}
