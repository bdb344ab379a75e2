import { once } from '../core/memo.ts'
import { dataFile } from './data.ts'
import {
  type DataFile,
  type DataStatement,
  faultIn,
  readCited,
  statementsOf,
  tokensOf,
} from './text/data-file.ts'

/** What KVM makes of a feature; the head of `kvm.txt` explains the kinds. */
export type KvmKind = 'given' | 'passed' | 'asked' | 'judged' | 'kept'

const KINDS: readonly KvmKind[] = ['given', 'passed', 'asked', 'judged', 'kept']

/** Versions as `6.12` or `10.0.2`, of which the first two numbers count. Absent: unknown. */
export interface HypervisorVersions {
  readonly kernel?: string | undefined
  readonly qemu?: string | undefined
}

/** A line of `kvm.txt`: what becomes of its features where all its conditions hold. */
export interface KvmRule {
  readonly at: DataStatement
  readonly kind: KvmKind
  /** Names, in the order of the line. */
  readonly features: readonly string[]
  /** The vendors that the line speaks of; empty: all. */
  readonly vendors: readonly string[]
  /** What the CPU must have besides. */
  readonly needs: readonly string[]
  /** The first versions for which the line holds. */
  readonly since: HypervisorVersions
  /** The first versions for which it no longer holds. */
  readonly until: HypervisorVersions
  /** Keys of `docs/sources.md`. */
  readonly sources: readonly string[]
}

export interface KvmRules {
  readonly rules: readonly KvmRule[]
  /** Where a version is unknown, it is this one or a later one. */
  readonly oldest: { readonly kernel: string; readonly qemu: string }
}

/** The rules that come with this package. */
export const builtinKvmRules = once(() => parseKvmRules(dataFile('x86/kvm.txt')))

/**
 * What one vendor calls otherwise, or by several names: KVM gives each to CPUs of the one vendor that have the other.
 * `spec-ctrl` and its `ibpb` and `ibrs`, by the name that has most to stand for it.
 */
export function findTwins({ rules }: KvmRules): ReadonlyMap<string, readonly string[]> {
  const given = rules.flatMap(({ kind, features, needs, vendors }) =>
    kind === 'given' && vendors.length > 0 ? features.flatMap(one => needs.map(other => [one, other])) : [],
  )
  const twins = new Map<string, string[]>()
  const paired = new Set<string>()
  for (const [one = '', other = ''] of given) {
    if (paired.has(one) || !given.some(([a, b]) => a === other && b === one)) continue
    twins.set(one, [...(twins.get(one) ?? []), other])
    paired.add(other)
  }
  return twins
}

/** Reads `kvm.txt`. Names are not looked up. @throws ParseError */
export function parseKvmRules(file: DataFile): KvmRules {
  const [head, ...lines] = statementsOf(file)
  const [, kernel, qemu] = /^oldest kernel (\d+\.\d+) qemu (\d+\.\d+)$/.exec(head?.text ?? '') ?? []
  if (kernel && qemu) return { rules: lines.map(parseRule), oldest: { kernel, qemu } }
  const start = head ?? { file, offset: 0, indent: 0, text: '', note: '' }
  throw faultIn(start, 'expected `oldest kernel VERSION qemu VERSION`')
}

function parseRule(at: DataStatement): KvmRule {
  const cited = readCited(at.text)
  if (!cited) throw faultIn(at, 'expected `KIND FEATURE … : CONDITION, … [SOURCE; …]`')
  const [list = '', conditions] = cited.text.replace(/ \(unverified\)$/, '').split(' : ')
  const [word = '', ...features] = tokensOf(list)
  const kind = KINDS.find(known => known === word)
  if (!kind) throw faultIn(at, `a kind is one of ${KINDS.join(', ')}`, word)
  if (features.length === 0) throw faultIn(at, `\`${kind}\` of which features?`)
  return { at, kind, features, sources: cited.sources, ...parseConditions(at, conditions?.split(', ') ?? []) }
}

function parseConditions(at: DataStatement, texts: readonly string[]) {
  const since: Record<string, string> = {}
  const until: Record<string, string> = {}
  let [vendors, needs]: [string[], string[]] = [[], []]
  for (const text of texts) {
    const [word, ...names] = tokensOf(text)
    const [, tool, version] = /^(?:since|until) (kernel|qemu) (\d+\.\d+)$/.exec(text) ?? []
    if (tool && version) (word === 'since' ? since : until)[tool] = version
    else if (word === 'of' && names.length > 0) vendors = names
    else if (word === 'with' && names.length > 0) needs = names
    else throw faultIn(at, `expected \`of\`, \`with\`, \`since\` or \`until\`, not \`${text}\``, word)
  }
  return { vendors, needs, since, until }
}

/** Below zero where the first version is older than the second, by their first two numbers. */
export function compareVersions(first: string, second: string): number {
  const numberOf = (version: string) => {
    const [major = 0, minor = 0] = version.split('.').map(Number)
    return major * 1000 + minor
  }
  return numberOf(first) - numberOf(second)
}

/** `6.8` of `6.8.0-45-generic`, `8.2` of `QEMU 8.2.1`; undefined of another hypervisor's version. */
export const versionOf = (text = ''): string | undefined =>
  /(?:^|(?:qemu|kvm).*?[ -])(\d+\.\d+)/i.exec(text)?.[1]
