import type { Cpu } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { Database } from '../../map/database.ts'
import type { Driver } from '../driver.ts'
import { asHost } from '../host-model.ts'
import { FirstFold } from './baseline.ts'
import { MeetFold } from './best.ts'
import { compare } from './compare.ts'
import { bestDetect, detect } from './detect.ts'
import { flagPlace, HWCAP_VIEW, hwcaps } from './hwcaps.ts'
import { armMapOf, DATA } from './models.ts'

export const arm: Driver = {
  name: 'arm',
  arches: ['armv6l', 'armv7b', 'armv7l', 'aarch64'],
  data: DATA,
  compare,
  overlooked: (db, host, cpu) =>
    cpu.type === 'host'
      ? { missing: hwcaps().in(HWCAP_VIEW.of(db, cpu).minus(HWCAP_VIEW.of(db, host))) }
      : undefined,
  update: (_, guest, host) => (guest.mode === 'host-model' ? asHost(guest, host) : guest),
  detect,
  bestDetect,
  flagPlace,
  fold: () => new FirstFold(),
  bestFold: db => new MeetFold(db),
  validate,
}

/** @throws LibvirtError for the first feature that the map does not have */
function validate(db: Database, cpu: Cpu): void {
  const unknown = cpu.features.find(({ name }) => !armMapOf(db).features.includes(name))
  if (unknown) throw new LibvirtError('unsupported', `unknown CPU feature: ${unknown.name}`)
}
