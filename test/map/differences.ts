import { printPlace } from '../../src/core/feature.ts'
import type { Database } from '../../src/map/database.ts'
import { printSignatureField } from '../../src/map/text/parse-models.ts'

/** Lines by name, in order. */
type Lines = ReadonlyMap<string, string>

/**
 * Everything in which our database differs from libvirt's, a line each: features, vendors, models, all with their
 * order. What libvirt's lacks is no difference.
 */
export function differences(ours: Database, theirs: Database): string[] {
  return [
    ...unequal('feature', featureLines(ours), featureLines(theirs)),
    ...unequal('vendor', vendorLines(ours), vendorLines(theirs)),
    ...unequal('model', modelLines(ours), modelLines(theirs)),
  ]
}

const linesOf = <T extends { readonly name: string }>(
  list: readonly T[],
  print: (item: T) => string,
): Lines => new Map(list.map(item => [item.name, print(item)]))

const featureLines = (db: Database): Lines =>
  linesOf(db.features.list, ({ name, place, bit, bits, migratable }) =>
    [name, printPlace(place, bit), bits.size, migratable].join(' '),
  )

const vendorLines = (db: Database): Lines => linesOf(db.vendors, ({ name, id }) => `${name} ${id}`)

const modelLines = (db: Database): Lines =>
  linesOf(db.models, model => {
    const names = (list: readonly { readonly name: string }[]) => list.map(feature => feature.name).join(' ')
    return [
      model.name,
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

function unequal(kind: string, our: Lines, their: Lines): string[] {
  const ours = [...our].filter(([name]) => their.has(name)).map(([, line]) => line)
  const theirs = [...their.values()]
  const at = theirs.map((_, i) => i).filter(i => ours[i] !== theirs[i])
  return at.map(i => `${kind} ${i}: ours ${ours[i] ?? 'nothing'}, libvirt's ${theirs[i]}`)
}
