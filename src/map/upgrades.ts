import { once } from '../core/memo.ts'
import { dataFile } from './data.ts'
import { compareVersions } from './kvm-rules.ts'
import {
  type DataFile,
  type DataStatement,
  faultIn,
  readCited,
  statementsOf,
  tokensOf,
} from './text/data-file.ts'

/** The versions of a host's programs, as `11.1`. Absent: not known. */
export interface HostVersions {
  readonly qemu?: string | undefined
  readonly libvirt?: string | undefined
  readonly kernel?: string | undefined
}

/** What a version of a tool changes for guests whose definition stays as it is. */
export type UpgradeFact = Gives | Parts | Needs

interface FactHead extends ToolVersion {
  /** In words. */
  readonly title: string
}

/** From their next start on, guests that have all of `having` are given `features`. */
interface Gives extends FactHead {
  readonly kind: 'gives'
  readonly features: readonly string[]
  readonly having: readonly string[]
}

/** Guests with threads that an older version started are refused, before `until` of the other tool there. */
interface Parts extends FactHead {
  readonly kind: 'parts'
  readonly until: ToolVersion
}

/** It uses no older version of the other tool. */
interface Needs extends FactHead {
  readonly kind: 'needs'
  readonly least: ToolVersion
}

interface ToolVersion {
  readonly tool: 'qemu' | 'libvirt'
  readonly version: string
}

/** The facts that come with this package. */
export const builtinUpgradeFacts = once(() => parseUpgradeFacts(dataFile('upgrades.txt')))

/** Reads `upgrades.txt`, whose head says its grammar. Names are not looked up. @throws ParseError */
export const parseUpgradeFacts = (file: DataFile): UpgradeFact[] => statementsOf(file).map(parseFact)

function parseFact(at: DataStatement): UpgradeFact {
  const cited = readCited(at.text)?.text.replace(/ \(unverified\)$/, '')
  const [, left = '', verb = '', rest = '', title] =
    /^(\S+ \S+) (gives|parts|needs) (.+?) : (.+)$/.exec(cited ?? '') ?? []
  if (title === undefined)
    throw faultIn(at, 'expected `TOOL VERSION gives|parts|needs WHAT : in words [SOURCE; …]`')
  const about = { ...toolVersion(at, left), title }
  if (verb === 'needs') return { ...about, kind: 'needs', least: toolVersion(at, rest) }
  if (verb === 'parts')
    return { ...about, kind: 'parts', until: toolVersion(at, rest.replace(/^threads until /, '')) }
  const [features = '', having = ''] = rest.split(' with ')
  if (having === '') throw faultIn(at, '`gives FEATURE … with FEATURE …`')
  return { ...about, kind: 'gives', features: tokensOf(features), having: tokensOf(having) }
}

function toolVersion(at: DataStatement, text: string): ToolVersion {
  const [, tool, version] = /^(qemu|libvirt) (\d+\.\d+)$/.exec(text) ?? []
  if ((tool !== 'qemu' && tool !== 'libvirt') || version === undefined)
    throw faultIn(at, 'expected `qemu VERSION` or `libvirt VERSION`')
  return { tool, version }
}

/** Whether these versions have come to a version of a tool; undefined: not known. */
export function hasReached(versions: HostVersions, { tool, version }: ToolVersion): boolean | undefined {
  const own = versions[tool]
  return own === undefined ? undefined : compareVersions(own, version) >= 0
}
