import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findObstacles } from '../../src/fleet/obstacles.ts'
import { contextOf } from '../../src/questions/context.ts'
import { fleetOfInput } from '../../src/questions/input/fleet/open-fleet.ts'
import { NO_REFERENCE, reference } from '../reference.ts'
import { db } from './notation.ts'

/**
 * What libvirt's models have and QEMU's of the same name have not: it keeps a guest away by libvirt's word, and
 * QEMU names no blocker. Details of VMX count there only where the guest has vmx itself.
 */
const OF_LIBVIRT_ALONE = ['acpi', 'monitor', 'mpx', 'vnmi']

const folder = reference('libvirt-11.3', 'tests', 'qemucapabilitiesdata')
const recorded = folder ? readdirSync(folder).filter(name => /x86_64.*\.replies$/.test(name)) : []

test.skipIf(!folder)(
  `obstacles are QEMU's own blockers (${folder ? 'recorded replies' : NO_REFERENCE})`,
  () => {
    const alone = new Set<string>()
    let models = 0
    for (const file of recorded) {
      const text = readFileSync(join(folder ?? '', file), 'utf8')
      const [host] = fleetOfInput(contextOf(), { documents: [{ path: file, text }] }).fleet.hosts
      if (!host) throw new RangeError(`no host in ${file}`)
      for (const [name, blockers] of host.models ?? []) {
        const model = db.model(name)
        if (!model || blockers === 'unknown') continue
        models++
        const found = findObstacles(db.features, { features: model.features }, host)
        const names = found.flatMap(one => (one.kind === 'feature' ? one.feature.name : []))
        const own = blockers.filter(blocker => db.features.get(blocker)?.bits.leq(model.features))
        expect(names, `${file} ${name}`).toEqual(expect.arrayContaining(own))
        for (const extra of names) {
          if (!blockers.includes(extra) && !extra.startsWith('vmx-')) alone.add(extra)
        }
      }
    }
    expect(models).toBeGreaterThan(1000)
    expect([...alone].sort()).toEqual(OF_LIBVIRT_ALONE)
  },
)
