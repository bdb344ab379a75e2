import { BlockList, isIP } from 'node:net'
import type { InventoryPlace } from '../inventory/engine.ts'
import { UsageError } from './spec.ts'

/** What a server may be told, by an option, by the environment or by a file. */
export interface ServerSetting<T> {
  /** What a value is, as `--help` shows it. */
  readonly value: string
  readonly help: string
  readonly repeats?: true
  /** Its value as it may be shown; absent: as it is. */
  readonly show?: (value: string) => string
  /** The values where nothing gives any. */
  readonly usual: () => readonly string[]
  /** @throws UsageError that says what the setting takes */
  readonly read: (values: readonly string[]) => T
}

/** A setting with one value. */
export const oneValue = <T>(
  value: string,
  help: string,
  usual: () => string,
  read: (text: string) => T,
): ServerSetting<T> => ({
  value,
  help,
  usual: () => [usual()],
  read: ([text = '', ...more]) => {
    if (more.length > 0) throw new UsageError('takes one value')
    return read(text)
  },
})

/** A setting with any number of values; by default it has none. */
export const manyValues = <T>(
  value: string,
  help: string,
  read: ServerSetting<T>['read'],
): ServerSetting<T> => ({
  value,
  help,
  repeats: true,
  usual: () => [],
  read,
})

/** Reads a whole number from `least` to `most`. @param unit what errors call it, in the plural */
export const wholeNumber = (least: number, most: number, unit: string) => (text: string) => {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= least && number <= most) return number
  throw new UsageError(`takes ${unit} from ${least} to ${most}, not '${text}'`)
}

/** Whether a place is the URL of a PostgreSQL database. Such a URL need not name a host: a socket's folder is enough. */
export const isDatabaseUrl = (text: string): boolean => /^postgres(?:ql)?:\/\//.test(text)

/** Reads where an inventory is; undefined: nowhere. @throws UsageError for a URL of another kind */
export function readStore(text: string): InventoryPlace | undefined {
  if (text === '') return undefined
  if (isDatabaseUrl(text)) return { url: text }
  if (!/^\w+:\/\//.test(text)) return { folder: text }
  throw new UsageError('takes a folder, or a URL such as postgres://user@host/name')
}

/** The URL of a database without the passwords in it; another place as it is. */
export const withoutPassword = (text: string): string =>
  isDatabaseUrl(text)
    ? text
        .replace(/^(\w+:\/\/[^/?#]*?:)(?:[^/?#]*)@/, '$1***@')
        .replace(/([?&](?:ssl)?password=)[^&]*/gi, '$1***')
    : text

/** Reads the URLs of receivers. @throws UsageError */
export function readWebhooks(values: readonly string[]): readonly string[] {
  for (const value of values)
    if (!/^https?:$/.test(URL.canParse(value) ? new URL(value).protocol : ''))
      throw new UsageError('takes URLs such as https://alerts.example.org/hook')
  return values
}

/** Reads seconds above 0 and up to an hour, as milliseconds. @throws UsageError */
export function readSeconds(text: string): number {
  const seconds = Number(text)
  if (/^\d+(?:\.\d+)?$/.test(text) && seconds > 0 && seconds <= 3600) return seconds * 1000
  throw new UsageError(`takes seconds, up to 3600, not '${text}'`)
}

const FORMS = ['json', 'text', 'none'] as const

/** How requests are logged. */
export type LogForm = (typeof FORMS)[number]

/** Reads how requests are logged. @throws UsageError */
export function readForm(text: string): LogForm {
  const form = FORMS.find(one => one === text)
  if (form) return form
  throw new UsageError(`takes json, text or none, not '${text}'`)
}

/** Reads `NAME=DIR` as folders by name. @throws UsageError for another form, and for a name given twice */
export function readMaps(values: readonly string[]): ReadonlyMap<string, string> {
  const maps = new Map<string, string>()
  for (const value of values) {
    const [, name, folder] = /^([\w.-]+)=(.+)$/s.exec(value) ?? []
    if (name === undefined || folder === undefined) throw new UsageError(`takes NAME=DIR, not '${value}'`)
    if (maps.has(name)) throw new UsageError(`names '${name}' twice`)
    maps.set(name, folder)
  }
  return maps
}

/** Whether an address is that of a proxy. */
export type IsProxy = (address: string) => boolean

/** Reads addresses and networks of proxies; undefined: there are none. @throws UsageError */
export function readProxies(values: readonly string[]): IsProxy | undefined {
  if (values.length === 0) return undefined
  const list = new BlockList()
  for (const value of values) {
    const [address = '', bits] = value.split('/')
    const family = isIP(address)
    const most = family === 4 ? 32 : 128
    if (family === 0 || (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= most)))
      throw new UsageError(`takes an address or a network such as 10.0.0.0/8, not '${value}'`)
    list.addSubnet(address, Number(bits ?? most), family === 4 ? 'ipv4' : 'ipv6')
  }
  return address => isIP(address) > 0 && list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')
}
