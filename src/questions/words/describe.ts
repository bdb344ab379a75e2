import type { IdRegisters } from '../../arch/driver.ts'
import { count, fewNames } from '../../core/text.ts'
import type { NotExpressed } from '../../formats/printer.ts'
import type { Line } from '../../report/report.ts'
import type { BaselineReasons, CompareAnswer, DecodeReasons, Reason, WrittenParts } from '../answer-parts.ts'
import { type Outcome, SCHEMA_VERSION } from '../question.ts'
import { describeHostNote } from './describe-host.ts'
import { byHosts, NO_FORMAT, type Note } from './note.ts'

/** The sentence of a note, without a full stop at the end: the one place where these words are made. */
export function describeNote(note: Note): string {
  const of = note.source ? `${note.source}: ` : ''
  return of + sentence(note)
}

/** What a format has no word for, a line each. */
export const notExpressedLines = ({ notExpressed = [] }: WrittenParts): Line[] =>
  notExpressed.map(one => [{ text: 'not expressed:', tone: 'warning' }, ` ${describeNotExpressed(one)}`])

/** What of a definition a format has no word for, and what becomes of it. */
export const describeNotExpressed = ({ part, features, why }: NotExpressed): string =>
  `${features ? fewNames(features, 8) : part}: ${why}`

/** A line a sentence, each said once. @see describeNotes */
export const noteLines = (notes: readonly Note[], most?: number): Line[] =>
  describeNotes(notes, most).map(noteLine)

/** A line a kind of note: the first sentence, and how many more there are. */
export const briefNoteLines = (notes: readonly Note[]): Line[] =>
  kindsOf(notes).map(sameKind => {
    const [first = '', ...more] = describeNotes(sameKind, Infinity)
    return noteLine(more.length > 0 ? `(1 of ${more.length + 1} such notes) ${first}` : first)
  })

const noteLine = (text: string): Line => [{ text: 'note:', tone: 'warning' }, ` ${text}`]

function sentence(note: Note): string {
  switch (note.kind) {
    case 'syscall-lost':
      return (
        'the dump has lm (64-bit mode) without syscall, as a 32-bit program sees an Intel CPU; ' +
        'no 64-bit model fits until it is dumped by a 64-bit program'
      )
    case 'no-xsave-subleaf':
      return (
        'the dump has no leaf 0DH subleaf 1, so xsaveopt, xsavec, xgetbv1 and xsaves look absent; ' +
        'dump it with a tool that reads subleaves'
      )
    case 'hypervisor-present':
      return 'read inside a virtual machine: what its hypervisor hides is missing here'
    case 'no-msrs':
      return `no MSRs: what only they tell (vmx-*, mitigations such as rdctl-no) ${note.isUnknown ? 'is not known' : 'counts as absent'}`
    case 'model-lacks':
      return (
        `the CPU lacks ${note.features.map(({ feature }) => feature).join(', ')} of its model ${note.model}, which ` +
        'no host definition can say: do not hand this one to a baseline'
      )
    case 'known-in-part':
      return (
        `known in part: ${note.isNamed ? 'the document names its model' : 'its model is the closest to what is known'}, ` +
        `and nothing else says that it has the model's ${fewNames(note.features.map(({ feature }) => feature))}`
      )
    case 'model-unknown':
      return `its document calls its model ${note.model}, which is not known`
    case 'cores-differ': {
      const groups = note.groups.map(labels => fewNames(labels)).join(' | ')
      return note.each
        ? `the machine has several kinds of cores (${groups}), each told by itself`
        : `the machine has several kinds of cores (${groups}); the first is told`
    }
    case 'core-unnamed':
      return `the core is ${note.best}, of which libvirt has no model: its capabilities name none, which keeps no guest from starting, and host-passthrough works, on one kind of cores; --best tells the CPU`
    case 'cpus-differ': {
      const groups = note.groups.map(labels => fewNames(labels)).join(' | ')
      return `the logical CPUs differ (${groups}); what they have in common is used where one CPU is needed`
    }
    case 'security-dropped':
      return `security features that only some hosts have are not in the answer: ${byHosts(note.features)
        .map(
          ({ features, hosts }) => `${features.map(f => f.feature).join(', ')} (not on ${fewNames(hosts)})`,
        )
        .join('; ')}`
    case 'order-matters':
      return 'a CPU without a vendor is among the inputs, so the answer depends on the order of the inputs'
    case 'first-only':
      return "libvirt's answer is the first CPU's model, whatever the others are; --best tells what they share"
    case 'beyond-libvirt':
      return sayObstacles(note)
    case 'not-compared':
      return sayOverlooked(note)
    case 'cross-vendor':
      return (
        `the hosts are of ${note.vendors.join(' and ')}: the CPU is one of neither, and a guest that moves between ` +
        'vendors is on its own: timers, errata and what it decided at boot stay as they were'
      )
    case 'feature-skipped':
      return `unknown feature ${note.feature} is left out`
    case 'host-skipped':
      return `left out of the pool: its model ${note.model} is unknown`
    case 'file-without-cpu':
      return `passed over: holds no CPU${seemingly(note)}`
    case 'file-skipped':
      return `skipped: ${note.fault}${seemingly(note)}`
    case 'recorded-again':
      return `recorded again in ${note.other}, which says something else and does not count`
    case 'half-hidden':
      return `${fewNames(note.features)} cannot work without ${fewNames(note.needed)}, which it lacks: a hypervisor, or an option of its kernel, hides a half`
    case 'called-otherwise':
      return `called ${note.brand}, which is ${note.title}, but its family, model and stepping are ${note.signature}: a hypervisor tells one of them falsely`
    case 'hosts-alike':
      return `may be the same machine as ${note.other}, in another form: to count it once leave one out, or give both one name in a fleet file`
    case 'hosts-not-joined':
      return sayNotJoined(note)
    case 'emulators-differ':
      return `emulators differ: ${note.lists.map(({ emulators, hosts }) => `${fewNames(emulators)} on ${fewNames(hosts, 2)}`).join('; ')}: a guest whose <emulator> one of them lacks cannot go there`
    case 'guest-model-newer':
      return `QEMU ${note.qemu}, which their host is said to have, does not know ${note.model}: ${fewNames(note.guests)} cannot start there; one of the documents is old, or a distribution added the model`
    case 'guest-default-cpu':
      return `its definition has no <cpu>: counted as ${note.model}, which QEMU gives by itself`
    case 'guest-cpu-unknown':
      return (
        `its CPU is ${note.mode} and its host is not known, so what it relies on is not either: ` +
        'put its file in a folder called like its host, or name the host in the fleet file'
      )
    case 'guest-model-unknown':
      return `its model ${note.model} is unknown here${note.near ? ` (did you mean ${note.near}?)` : ''}: where it can go is not known, unless what it has as it runs is read`
    case 'needs-missing':
      return (
        `${fewNames(note.features)} cannot be used without ${fewNames(note.needed)}, which this CPU lacks: ` +
        `add ${fewNames(note.needed)}, or take a model that has all of them`
      )
    case 'hypervisor-only':
      return note.by === undefined
        ? 'known by its hypervisor alone: add what `virsh capabilities` printed there to tell what the CPU has'
        : `known by what its hypervisor lists: \`${note.by}\` there tells all that it gives`
    case 'accelerator-not-probed':
      return `QEMU was not probed with ${note.virttype}: what it can do with it is not known, so no CPU models and no vCPUs are told`
    case 'conversation-alone':
      return 'a conversation tells of QEMU alone: what its host adds (VFIO, firmware, swtpm, the width of addresses) is left out'
    case 'dump':
      return note.text
    case 'caveat':
      return `${note.arch}: ${note.text}`
    case 'offer-assumed':
      if (note.hypervisor !== undefined)
        return `what ${note.hypervisor} gives guests on ${note.such} is assumed: of what the CPU has, what guests are usually given`
      return (
        `what KVM gives guests is assumed from the CPU on ${count(note.hostCount, 'host')} (${note.such}); ` +
        '`virsh domcapabilities > HOST.domcaps.xml` there settles it'
      )
    case 'guest-contradicts':
      return (
        `${note.guest} has ${fewNames(note.features, 8)}, which its host ${note.host} is recorded to miss: ` +
        `it counts as running there, and ${note.isLive ? 'equal hosts are assumed to give it too' : 'what the record says of that proves nothing on equal hosts'}; ` +
        'one of the two documents is old, or the guest was started elsewhere'
      )
    case 'written-for':
      return `written for QEMU ${note.qemu}, the newest known: say \`qemu\` for another version`
    case 'words-unknown':
      return `${count(note.words.length, 'unknown word')} of ${note.vocabulary}: ${fewNames(note.words, 8)}`
    default:
      return describeHostNote(note)
  }
}

const SAME = {
  entry: 'the name, by the fleet file,',
  uuid: 'the uuid',
  name: 'the name',
  file: 'the file’s name',
} as const

/** Why documents that seem to be of one host count as several. */
const sayNotJoined = ({ what, others, against }: Extract<Note, { kind: 'hosts-not-joined' }>): string =>
  `has ${SAME[what]} of ${fewNames(others)}, but not the same ${against}: they count as ${others.length + 1} hosts`

const seemingly = ({ looksLike }: { readonly looksLike?: string }): string =>
  looksLike === undefined ? '' : ` (looks like ${looksLike})`

/**
 * The sentences of several notes, each said once with the first names of what it is about. Of files that were left out
 * there is one, and of a kind that says something else of many, only the first few are told.
 * @param most how many different sentences of one kind; `--json` has all
 */
export const describeNotes = (notes: readonly Note[], most = MOST_SENTENCES): string[] =>
  kindsOf(notes).flatMap(sameKind => describeFiles(sameKind) ?? describeKind(sameKind, most))

/** The notes of each kind, in the order of the first of each. */
function kindsOf(notes: readonly Note[]): Note[][] {
  const kinds = new Map<string, Note[]>()
  for (const note of notes) {
    const sameKind = kinds.get(note.kind)
    if (sameKind) sameKind.push(note)
    else kinds.set(note.kind, [note])
  }
  return [...kinds.values()]
}

const MOST_SENTENCES = 3

function describeKind(notes: readonly Note[], most: number): string[] {
  const sources = new Map<string, string[]>()
  for (const note of notes) {
    const text = sentence(note)
    const named = sources.get(text) ?? []
    if (note.source !== undefined && !named.includes(note.source)) named.push(note.source)
    sources.set(text, named)
  }
  const told = [...sources].map(([text, named]) => (named.length > 0 ? `${fewNames(named)}: ${text}` : text))
  if (told.length <= most + 1) return told
  const rest = new Set([...sources.values()].slice(most).flat())
  const about = rest.size > 0 ? `, of ${fewNames([...rest])}` : ''
  return [...told.slice(0, most), `${told.length - most} more such notes${about}; --json has all`]
}

/** Why a file is skipped, in few words: what it looks like, where that is all that is known. */
const shortFault = ({ fault, looksLike }: Extract<Note, { kind: 'file-skipped' }>): string =>
  fault === NO_FORMAT && looksLike !== undefined ? `looks like ${looksLike}` : fault

/** The files that were left out, in one line; undefined for other notes, and for a single file. */
function describeFiles(notes: readonly Note[]): string[] | undefined {
  if (notes.length < 2) return undefined
  const names = notes.flatMap(note => {
    if (note.kind === 'file-skipped') return `${note.source} (${shortFault(note)})`
    return note.kind === 'file-without-cpu' ? `${note.source}${seemingly(note)}` : []
  })
  const skipped =
    notes[0]?.kind === 'file-skipped'
      ? 'are skipped, which cannot be read'
      : 'are passed over, which hold no CPU'
  return names.length > 0 ? [`${names.length} files ${skipped}: ${fewNames(names)}`] : undefined
}

/** What an answer of libvirt's is worth that does not look at features. */
function sayOverlooked({ arch, missing, newer }: Extract<Note, { kind: 'not-compared' }>): string {
  const head = `libvirt does not look at features of ${arch}, so its answer tells nothing of them`
  if (!missing) return head
  const names = missing.map(({ feature }) => feature)
  const parts = [
    names.length > 0 && `the host lacks ${fewNames(names, 8)}`,
    newer !== undefined && `${newer} is a newer machine than the host`,
  ].filter(Boolean)
  return `${head}: ${parts.length > 0 ? parts.join('; ') : 'the host has all that the CPU needs'}`
}

/** What QEMU and KVM can do of an answer that libvirt does not have. */
function sayObstacles({
  arch,
  hideWith,
  fixed,
  conflicts,
  models,
  idRegisters,
}: Extract<Note, { kind: 'beyond-libvirt' }>) {
  const parts = [
    hideWith.length > 0 && `QEMU hides what only some hosts have with ${hideWith.join(', ')}`,
    fixed.length > 0 && `nothing hides ${fixed.join(', ')} from guests on hosts that have them`,
    models.length > 1 && `guests see which of ${models.join(', ')} they run on`,
    conflicts.length > 0 && `no value is right everywhere for ${conflicts.join(', ')}`,
    idRegisters && describeIdRegisters(idRegisters),
  ].filter(Boolean)
  const verdict =
    fixed.length + conflicts.length > 0 || models.length > 1
      ? 'a guest may move only to hosts of its own kind'
      : 'guests may move'
  return `beyond libvirt, which has no such answer for ${arch}: ${[...parts, verdict].join('; ')}`
}

/** What of ID registers could be given to guests of all hosts, and how far KVM and QEMU are. */
export function describeIdRegisters({ sysregs, feats, midrs }: IdRegisters): string {
  const wanted = [
    sysregs.length > 0 && `-cpu host,${sysregs.join(',')}`,
    feats.length > 0 && `or ${feats.join(',')}`,
  ].filter(Boolean)
  const common =
    wanted.length > 0
      ? `the ID registers of all would be ${wanted.join(' ')}, which are proposals that no QEMU has; KVM takes ` +
        'smaller values before a guest first runs, in the fields that KVM_ARM_GET_REG_WRITABLE_MASKS lists'
      : 'the ID registers of all are equal as far as they are known'
  return midrs.length > 1
    ? `${common}; a guest must know MIDR_EL1 ${midrs.join(', ')}, for the errata of all of them; KVM ` +
        'writes one with KVM_CAP_ARM_WRITABLE_IMP_ID_REGS'
    : common
}

/** A note as data, with its sentence. */
export const printNote = (note: Note): Note & { readonly text: string } => ({
  ...note,
  text: describeNote(note),
})

/** Why a pool's guest CPU is on its model. */
export function describeModel({ hostCount: hosts, modelChoice: model }: BaselineReasons): string {
  const beyond = `${count(model.addedCount, 'feature')} beyond it, ${model.disabledCount} disabled`
  switch (model.because) {
    case 'asked':
      return `${model.name}, as asked; ${beyond}`
    case 'shared':
      return `${model.name}, the model of ${hosts === 1 ? 'the one host' : `all ${hosts} hosts`}; ${beyond}`
    case 'own':
      return `${model.name}, closest to what the hosts share and the model of some of them; ${beyond}`
    case 'closest':
      return `${model.name}, closest to what the hosts share and the model of none of them (${fewNames(model.of)}); ${beyond}`
  }
}

/** What a comparison comes to, in sentences, each with the features that it is about. */
export function describeComparison(
  answer: CompareAnswer,
  cpu: string,
  host: string,
): { readonly text: string; readonly features: readonly Reason[] }[] {
  const { result, message = '', missing, forbidden, extra } = answer
  const more = `${host} has ${count(extra.length, 'feature')} more than ${cpu} asks for`
  if (result === 'identical')
    return [{ text: `${host} has what ${cpu} asks for and nothing else`, features: [] }]
  if (result === 'superset') {
    return [{ text: extra.length === 0 ? `${host} can give all that ${cpu} asks for` : more, features: [] }]
  }
  const found = [
    { text: `${cpu} needs ${count(missing.length, 'feature')} that ${host} lacks:`, features: missing },
    { text: `${cpu} forbids ${count(forbidden.length, 'feature')} that ${host} has:`, features: forbidden },
    { text: `${cpu} asks for a strict match, and ${more}:`, features: extra },
  ].filter(({ features }) => features.length > 0)
  return found.length > 0 ? found : [{ text: message, features: [] }]
}

/** Why a dump is its model: a sentence, and a line for each model of the same silicon that was out. */
export function describeDecode({
  model,
  matches,
  addedCount: added,
  disabledCount: disabled,
  rejected,
}: DecodeReasons): string[] {
  const known = matches
    ? 'known for this family, model and stepping'
    : 'not known for this family, model and stepping'
  const lines = rejected.map(out => {
    const names = out.missing.map(({ feature, place }) => `${feature} ${place}`)
    return `not ${out.model}: lacks ${fewNames(names, 5)}`
  })
  return [`${model}: ${known}; ${count(added, 'feature')} beyond it, ${disabled} disabled`, ...lines]
}

/** The document of an outcome, its keys in their fixed order. */
export const documentOf = ({ answer, notes = [], explain }: Outcome): Record<string, unknown> => ({
  schema: SCHEMA_VERSION,
  ...(answer as object),
  notes: notes.map(printNote),
  ...(explain === undefined ? {} : { explain }),
})
