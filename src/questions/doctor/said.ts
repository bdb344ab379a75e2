import { LibvirtError } from '../../core/libvirt-error.ts'
import { ParseError } from '../../core/parse-error.ts'
import { readText } from '../../formats/dialects.ts'
import type { Found, FoundGuest, Statement } from '../../formats/found.ts'
import type { FleetInput } from '../input/fleet/open-fleet.ts'
import type { Note } from '../words/note.ts'
import type { GivenText } from './recognise.ts'

/** What documents say of themselves, for errors that are no text in them: settings that are refused, stale selectors. */
export function saidByDocuments(
  documents: FleetInput['documents'],
  notes: readonly Note[],
): readonly GivenText[] {
  const said = notes.flatMap(note =>
    note.kind === 'dump' ? { source: note.source ?? '', text: note.text, isDerived: true } : [],
  )
  const once = new Map([...said, ...missingLabels(documents)].map(one => [one.text, one]))
  return [...once.values()]
}

/** Where launchers of KubeVirt select labels that the given nodes do not have. */
function missingLabels(documents: FleetInput['documents']): GivenText[] {
  const found = documents
    .filter(({ text }) => text.includes('node.kubevirt.io/'))
    .flatMap(({ path, text }) => readLoosely(text, path).map(one => ({ path, one })))
  const nodes = found.flatMap(({ one }) => (isNode(one) ? one : []))
  const pods = found.flatMap(({ path, one }) => (isPod(one) ? { path, pod: one } : []))
  return pods.flatMap(({ path, pod }) => {
    const selected = pod.cpu.features.filter(({ policy }) => policy === 'require').map(({ name }) => name)
    const lacks = nodes.map(node => ({ node, names: selected.filter(name => !node.present.includes(name)) }))
    if (lacks.some(({ names }) => names.length === 0)) return []
    const text = (where: string, names: readonly string[]) =>
      `the pod selects labels that ${where}: ${names.join(', ')}`
    const nowhere = selected.filter(name => lacks.every(({ names }) => names.includes(name)))
    const texts =
      nowhere.length > 0
        ? [text('no node has', nowhere)]
        : lacks.map(({ node, names }) => text(`node '${node.name ?? ''}' does not have`, names))
    return texts.map(one => ({ source: path, text: one, isDerived: true }))
  })
}

const isNode = (found: Found): found is Found & Statement =>
  found.kind === 'statement' && found.hypervisor === 'KubeVirt' && found.present.length > 0

/** A guest whose document is a pod, or what `kubectl describe` prints of one: it lists selectors. */
const isPod = (found: Found): found is Found & FoundGuest =>
  found.kind === 'guest' && found.layer === 'running'

function readLoosely(text: string, source: string): Found[] {
  try {
    return readText(text, source)
  } catch (error) {
    if (error instanceof ParseError || error instanceof LibvirtError) return []
    throw error
  }
}
