import { BlockList, isIP } from 'node:net'
import { totalmem } from 'node:os'
import { dirname, resolve } from 'node:path'
import { didYouMean } from '../core/text.ts'
import { loadYaml, parseYaml } from '../formats/yaml.ts'
import { readWholeText } from '../host/files/files.ts'
import type { InventoryPlace } from '../inventory/engine.ts'
import type { Arguments } from './arguments.ts'
import { readIssuer, readRoles } from './oidc.ts'
import { CommandError, type OptionSpec, UsageError } from './spec.ts'
import { readTokens } from './tokens.ts'

/** What a server may be told, by an option, by the environment or by a file. */
interface Setting<T> {
  /** What a value is, as `--help` shows it. */
  readonly value: string
  readonly help: string
  readonly repeats?: true
  /** Its value as it may be shown; absent: as it is. */
  readonly show?: (value: string) => string
  readonly usual: () => readonly string[]
  /** @throws UsageError that says what the setting takes */
  readonly read: (values: readonly string[]) => T
}

const one = <T>(value: string, help: string, usual: () => string, read: (text: string) => T): Setting<T> => ({
  value,
  help,
  usual: () => [usual()],
  read: ([text = '', ...more]) => {
    if (more.length > 0) throw new UsageError('takes one value')
    return read(text)
  },
})

const many = <T>(value: string, help: string, read: Setting<T>['read']): Setting<T> => ({
  value,
  help,
  repeats: true,
  usual: () => [],
  read,
})

/** A whole number within bounds. */
const whole = (least: number, most: number, unit: string) => (text: string) => {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= least && number <= most) return number
  throw new UsageError(`takes ${unit} from ${least} to ${most}, not '${text}'`)
}

/** MiB: with less a worker has no room for the data of CPUs. */
const LEAST_MEMORY = 384

const SETTINGS = {
  port: one(
    'number',
    'the port; 8680 by default, 0 for any free one',
    () => '8680',
    whole(0, 65535, 'a number'),
  ),
  listen: one(
    'address',
    'the address or host name to listen on; 127.0.0.1 by default',
    () => '127.0.0.1',
    text => text,
  ),
  name: many('host name', 'a name by which clients reach the server; more than once for several', names =>
    names.map(name => name.toLowerCase()),
  ),
  store: {
    ...one(
      'place',
      'where hosts and their history are kept: a folder, or a PostgreSQL database such as postgres://user@host/name; nowhere by default',
      () => '',
      readStore,
    ),
    show: text => withoutPassword(text),
  },
  rules: one(
    'file',
    'a fleet file whose requirements pools of the store must keep: what does not is an alert (docs/serve.md)',
    () => '',
    String,
  ),
  'alert-after': one(
    'seconds',
    'how long something is wrong before the alert fires; 0 by default: at once',
    () => '0',
    whole(0, 86_400, 'seconds'),
  ),
  webhook: {
    ...many('URL', 'a receiver of alerts, as of Alertmanager; more than once for several', readWebhooks),
    show: url => url.replace(/^(https?:\/\/)(?:[^/?#]*@)?([^/?#]*).+$/i, '$1$2/***'),
  },
  'webhook-secret': one(
    'file',
    'a file with a secret by which receivers know that it is this server; or the variable VIRT_CPU_WEBHOOK_SECRET has it',
    () => '',
    String,
  ),
  sync: {
    ...one(
      'place',
      'where files are that say what hosts there are, and that the inventory is kept like: a folder, or a repository such as git+https://host/fleet.git#branch:folder; without --store the inventory is in memory alone',
      () => '',
      String,
    ),
    show: text => text.replace(/\/\/[^/@]*@/, '//***@'),
  },
  'sync-every': one('seconds', 'how often these files are looked at; 60 by default', () => '60', readSeconds),
  proxy: many(
    'address',
    'a proxy, or a network of them such as 10.0.0.0/8, whose X-Forwarded-For, X-Forwarded-Host and X-Request-Id are believed',
    readProxies,
  ),
  token: many(
    'NAME=ROLES:sha256:HASH',
    'a token that clients may have, as --new-token prints it; needed where other machines reach the server',
    readTokens,
  ),
  rate: one(
    'number',
    'requests a minute that a client may make; 600 by default where tokens are needed, 0 for any number',
    () => 'auto',
    text => (text === 'auto' ? undefined : whole(0, 1_000_000, 'a number')(text)),
  ),
  'tls-cert': one('file', 'a certificate with its chain in PEM, to serve HTTPS', () => '', String),
  'tls-key': one('file', 'the key of the certificate', () => '', String),
  'oidc-issuer': one(
    'URL',
    'an OpenID provider whose signed tokens are believed too',
    () => '',
    text => text && readIssuer(text),
  ),
  'oidc-audience': one('name', 'what these tokens must be for: their claim aud', () => '', String),
  'oidc-claim': one(
    'claim',
    'the claim of these tokens that says what their holders are; groups by default',
    () => 'groups',
    String,
  ),
  'oidc-role': many('VALUE=ROLE', 'a value of that claim, and the role that it gives', readRoles),
  limit: one('seconds', 'how long it may take to answer a request; 60 by default', () => '60', readSeconds),
  wait: one(
    'seconds',
    'how long a client waits for an answer that then becomes a job, unless it says itself; 30 by default',
    () => '30',
    readSeconds,
  ),
  memory: one(
    'MiB',
    'how much memory the server may take in all; by default what its control group allows, or half of what there is, at most 4608',
    () => String(availableMemory()),
    whole(LEAST_MEMORY, 1_048_576, 'MiB'),
  ),
  log: one(
    'form',
    'json or text: a line on stderr for each request; none by default',
    () => 'none',
    readForm,
  ),
  'cpu-map': many(
    'NAME=DIR',
    "an installed libvirt's cpu_map directory that requests may name; more than once for several",
    readMaps,
  ),
} satisfies Readonly<Record<string, Setting<unknown>>>

type Name = keyof typeof SETTINGS

/** What a server was told. */
export type ServeSettings = { readonly [N in Name]: ReturnType<(typeof SETTINGS)[N]['read']> }

const NAMES = Object.keys(SETTINGS) as Name[]

/** The options of `serve` that are settings. */
export const SETTING_OPTIONS: readonly OptionSpec[] = NAMES.map(name => {
  const { value, help, repeats }: Setting<unknown> = SETTINGS[name]
  return { name, value, help, ...(repeats && { repeats }) }
})

/** A setting's values, and what gave them. */
interface Given {
  readonly values: readonly string[]
  readonly source: string
}

/** Settings, and where each comes from: an option before the environment, that before the file. */
export async function readSettings(
  args: Arguments,
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly settings: ServeSettings; readonly text: string }> {
  const path = args.get('config') ?? (environment[variableOf('config')] || undefined)
  const inFile = path === undefined ? new Map<Name, Given>() : await readSettingsFile(path)
  const lines: string[] = []
  const faults: string[] = []
  const read = (name: Name): unknown => {
    const setting: Setting<unknown> = SETTINGS[name]
    const given = givenOf(name, args, environment) ?? inFile.get(name) ?? commonName(name, environment)
    const { values, source } = given ?? { values: setting.usual(), source: 'by default' }
    const shown = values.map(value => setting.show?.(value) ?? value)
    lines.push(`${name}: ${JSON.stringify(setting.repeats ? shown : shown[0])} # ${source}\n`)
    try {
      return setting.read(values)
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      faults.push(`${source} ${error.message}`)
      return undefined
    }
  }
  const settings = Object.fromEntries(NAMES.map(name => [name, read(name)]))
  if (faults.length > 0) throw new CommandError(faults)
  return { settings: settings as ServeSettings, text: lines.join('') }
}

const variableOf = (name: string): string => `VIRT_CPU_SERVE_${name.toUpperCase().replaceAll('-', '_')}`

/** What an option or a variable of the environment gives; a variable has several values between blanks. */
function givenOf(name: Name, args: Arguments, environment: NodeJS.ProcessEnv): Given | undefined {
  if (args.has(name)) return { values: args.all(name), source: `--${name}` }
  const variable = variableOf(name)
  const text = environment[variable]
  if (!text) return undefined
  return { values: 'repeats' in SETTINGS[name] ? text.trim().split(/\s+/) : [text], source: variable }
}

/** The name by which other programs know the database too; what is meant for this one counts before. */
function commonName(name: Name, { DATABASE_URL: url = '' }: NodeJS.ProcessEnv): Given | undefined {
  return name === 'store' && isUrl(url) ? { values: [url], source: 'DATABASE_URL' } : undefined
}

/** The settings of a file of YAML or JSON. @throws FileError, ParseError, CommandError */
async function readSettingsFile(path: string): Promise<Map<Name, Given>> {
  await loadYaml()
  const [content = {}, ...more] = parseYaml(readWholeText(path), path)
  if (typeof content !== 'object' || content === null || Array.isArray(content) || more.length > 0)
    throw new CommandError([`${path}: settings are one mapping, such as 'port: 8680'`])
  return new Map(
    Object.entries(content).map(([name, value]) => {
      if (!isSetting(name))
        throw new CommandError([`${path}: there is no setting called ${name}${didYouMean(NAMES, name)}`])
      const values = valuesOf(value, dirname(path))
      if (!values) throw new CommandError([`${path}: ${name}: takes a ${SETTINGS[name].value}`])
      if (IN_FOLDER.includes(name))
        return [name, { values: values.map(placeIn(dirname(path))), source: `${path}: ${name}` }]
      if (name === 'sync')
        return [name, { values: values.map(filesIn(dirname(path))), source: `${path}: sync` }]
      return [name, { values, source: `${path}: ${name}` }]
    }),
  )
}

const isSetting = (name: string): name is Name => Object.hasOwn(SETTINGS, name)

/** A value, a list of them, or names with folders, which begin at the file's own. Undefined: something else. */
function valuesOf(value: unknown, folder: string): readonly string[] | undefined {
  if (typeof value === 'string' || typeof value === 'number') return [String(value)]
  if (typeof value !== 'object' || value === null) return undefined
  const all = Array.isArray(value)
    ? value.map(one => valuesOf(one, folder))
    : Object.entries(value).map(([name, path]) =>
        typeof path === 'string' ? [`${name}=${resolve(folder, path)}`] : undefined,
      )
  return all.every(one => one !== undefined) ? all.flat() : undefined
}

/** A URL of PostgreSQL need not name a host: it may be a folder of a socket. */
const isUrl = (text: string): boolean => /^postgres(?:ql)?:\/\//.test(text)

/** Settings that name files or folders. */
const IN_FOLDER: readonly Name[] = ['store', 'rules', 'webhook-secret']

/** A folder in a file begins at the file's own. */
const placeIn = (folder: string) => (place: string) =>
  place === '' || isUrl(place) ? place : resolve(folder, place)

/** So does one of hosts' files. */
const filesIn = (folder: string) => (place: string) =>
  /^\w[\w+]*:\/\/|^[\w.-]+@[\w.-]+:|^$/.test(place) ? place : resolve(folder, place)

/** Where an inventory is; undefined: there is none. */
export function readStore(text: string): InventoryPlace | undefined {
  if (text === '') return undefined
  if (isUrl(text)) return { url: text }
  if (!/^\w+:\/\//.test(text)) return { folder: text }
  throw new UsageError('takes a folder, or a URL such as postgres://user@host/name')
}

/** A URL without the passwords in it. */
const withoutPassword = (text: string): string =>
  isUrl(text)
    ? text
        .replace(/^(\w+:\/\/[^/?#]*?:)(?:[^/?#]*)@/, '$1***@')
        .replace(/([?&](?:ssl)?password=)[^&]*/gi, '$1***')
    : text

function readWebhooks(values: readonly string[]): readonly string[] {
  for (const value of values)
    if (!/^https?:$/.test(URL.canParse(value) ? new URL(value).protocol : ''))
      throw new UsageError('takes URLs such as https://alerts.example.org/hook')
  return values
}

/** In milliseconds. */
function readSeconds(text: string): number {
  const seconds = Number(text)
  if (/^\d+(?:\.\d+)?$/.test(text) && seconds > 0 && seconds <= 3600) return seconds * 1000
  throw new UsageError(`takes seconds, up to 3600, not '${text}'`)
}

const FORMS = ['json', 'text', 'none'] as const

/** How requests are logged. */
export type LogForm = (typeof FORMS)[number]

function readForm(text: string): LogForm {
  const form = FORMS.find(one => one === text)
  if (form) return form
  throw new UsageError(`takes json, text or none, not '${text}'`)
}

function readMaps(values: readonly string[]): ReadonlyMap<string, string> {
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

/** Undefined: there are none. */
function readProxies(values: readonly string[]): IsProxy | undefined {
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

const MIB = 2 ** 20

/** MiB of heap that Node was told of. */
function toldHeap(): number | undefined {
  const flags = `${process.env.NODE_OPTIONS ?? ''} ${process.execArgv.join(' ')}`
  const told = [...flags.matchAll(/--max[-_]old[-_]space[-_]size=(\d+)/g)].at(-1)?.[1]
  return told === undefined ? undefined : Number(told)
}

/** MiB that the server may take where nobody says. */
function availableMemory(): number {
  const group = process.constrainedMemory() / MIB || Number.POSITIVE_INFINITY
  const most = Math.min(4608, totalmem() / MIB / 2, group, 2.5 * (toldHeap() ?? Number.POSITIVE_INFINITY))
  return Math.max(LEAST_MEMORY, Math.floor(most))
}

/** MiB of a process beside its heap. */
const BASE = 72

/** MiB that a server with an inventory takes more, whose database is elsewhere. */
const OF_STORE = 96

/** How a server shares its memory out: among bodies and unread answers, and its workers. */
export function shareMemory(memory: number, processors: number, hasStore: boolean) {
  const bytes = Math.min(512, Math.floor(memory / 8))
  // The bodies that are read leave as much again before it is free.
  const left = memory - BASE - (hasStore ? OF_STORE : 0) - 1.5 * bytes
  const workers = Math.max(1, Math.min(4, processors, Math.floor(left / (BASE + 64))))
  return {
    bytes: bytes * MIB,
    /** Bytes that an answer may have. */
    largest: (bytes * MIB) / 2,
    workers,
    /** MiB for what lives long in a worker. */
    heap: Math.min(1024, Math.floor(left / workers) - BASE),
    connections: Math.min(4096, 2 * memory),
  }
}
