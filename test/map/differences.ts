import { printPlace } from '../../src/core/place.ts'
import type { Database } from '../../src/map/database.ts'
import { printSignatureField } from '../../src/map/text/parse-models.ts'

/** Everything in which two databases differ, a line each: features, vendors, models, all with their order. */
export function differences(ours: Database, theirs: Database): string[] {
  return [
    ...unequal('feature', featureLines(ours), featureLines(theirs)),
    ...unequal('vendor', vendorLines(ours), vendorLines(theirs)),
    ...unequal('model', modelLines(ours), modelLines(theirs)),
  ]
}

const featureLines = (db: Database): string[] =>
  db.features.list.map(({ name, place, bit, bits, migratable }) =>
    [name, printPlace(place, bit), bits.size, migratable].join(' '),
  )

const vendorLines = (db: Database): string[] => db.vendors.map(({ name, id }) => `${name} ${id}`)

const modelLines = (db: Database): string[] =>
  db.models.map(model => {
    const names = (list: readonly { readonly name: string }[]) => list.map(feature => feature.name).join(' ')
    return [
      model.name,
      model.index,
      model.vendor?.name,
      model.signatures.map(printSignatureField).join(' '),
      model.decode.host && 'host',
      model.decode.guest && 'guest',
      model.compat && 'compat',
      model.canonical,
      names(model.removed),
      // Only membership counts: libvirt never prints this list.
      names([...model.added].sort((a, b) => a.index - b.index)),
      names(db.features.in(model.features)),
    ].join(' | ')
  })

function unequal(kind: string, ours: readonly string[], theirs: readonly string[]): string[] {
  const count = Math.max(ours.length, theirs.length)
  const at = Array.from({ length: count }, (_, i) => i).filter(i => ours[i] !== theirs[i])
  return at.map(i => `${kind} ${i}: ours ${ours[i] ?? 'nothing'}, libvirt's ${theirs[i] ?? 'nothing'}`)
}
