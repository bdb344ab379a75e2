import { dirname, resolve } from 'node:path'
import { didYouMean } from '../core/text.ts'
import { loadYaml, parseYaml } from '../formats/yaml.ts'
import { readWholeText } from '../host/files/files.ts'
import type { Arguments } from './arguments.ts'
import { readIssuer, readRoles } from './oidc.ts'
import { availableMemory, LEAST_MEMORY } from './server-memory.ts'
import {
  isDatabaseUrl,
  manyValues,
  oneValue,
  readForm,
  readMaps,
  readProxies,
  readSeconds,
  readStore,
  readWebhooks,
  type ServerSetting,
  wholeNumber,
  withoutPassword,
} from './setting-values.ts'
import { CommandError, type OptionSpec, UsageError } from './spec.ts'
import { readTokens } from './tokens.ts'

const SETTINGS = {
  port: oneValue(
    'number',
    'the port; 8680 by default, 0 for any free one',
    () => '8680',
    wholeNumber(0, 65535, 'a number'),
  ),
  listen: oneValue(
    'address',
    'the address or host name to listen on; 127.0.0.1 by default',
    () => '127.0.0.1',
    text => text,
  ),
  name: manyValues(
    'host name',
    'a name by which clients reach the server; more than once for several',
    names => names.map(name => name.toLowerCase()),
  ),
  store: {
    ...oneValue(
      'place',
      'where hosts and their history are kept: a folder, or a PostgreSQL database such as postgres://user@host/name; nowhere by default',
      () => '',
      readStore,
    ),
    show: text => withoutPassword(text),
  },
  rules: oneValue(
    'file',
    'a fleet file whose requirements pools of the store must keep: what does not is an alert (docs/serve.md)',
    () => '',
    String,
  ),
  'alert-after': oneValue(
    'seconds',
    'how long something is wrong before the alert fires; 0 by default: at once',
    () => '0',
    wholeNumber(0, 86_400, 'seconds'),
  ),
  webhook: {
    ...manyValues(
      'URL',
      'a receiver of alerts, as of Alertmanager; more than once for several',
      readWebhooks,
    ),
    show: url => url.replace(/^(https?:\/\/)(?:[^/?#]*@)?([^/?#]*).+$/i, '$1$2/***'),
  },
  'webhook-secret': oneValue(
    'file',
    'a file with a secret by which receivers know that it is this server; or the variable VIRT_CPU_WEBHOOK_SECRET has it',
    () => '',
    String,
  ),
  sync: {
    ...oneValue(
      'place',
      'where files are that say what hosts there are, and that the inventory is kept like: a folder, or a repository such as git+https://host/fleet.git#branch:folder; without --store the inventory is in memory alone',
      () => '',
      String,
    ),
    show: text => text.replace(/\/\/[^/@]*@/, '//***@'),
  },
  'sync-every': oneValue(
    'seconds',
    'how often these files are looked at; 60 by default',
    () => '60',
    readSeconds,
  ),
  proxy: manyValues(
    'address',
    'a proxy, or a network of them such as 10.0.0.0/8, whose X-Forwarded-For, X-Forwarded-Host and X-Request-Id are believed',
    readProxies,
  ),
  token: manyValues(
    'NAME=ROLES:sha256:HASH',
    'a token that clients may have, as --new-token prints it; needed where other machines reach the server',
    readTokens,
  ),
  rate: oneValue(
    'number',
    'requests a minute that a client may make; 600 by default where tokens are needed, 0 for any number',
    () => 'auto',
    text => (text === 'auto' ? undefined : wholeNumber(0, 1_000_000, 'a number')(text)),
  ),
  'tls-cert': oneValue('file', 'a certificate with its chain in PEM, to serve HTTPS', () => '', String),
  'tls-key': oneValue('file', 'the key of the certificate', () => '', String),
  'oidc-issuer': oneValue(
    'URL',
    'an OpenID provider whose signed tokens are believed too',
    () => '',
    text => text && readIssuer(text),
  ),
  'oidc-audience': oneValue('name', 'what these tokens must be for: their claim aud', () => '', String),
  'oidc-claim': oneValue(
    'claim',
    'the claim of these tokens that says what their holders are; groups by default',
    () => 'groups',
    String,
  ),
  'oidc-role': manyValues('VALUE=ROLE', 'a value of that claim, and the role that it gives', readRoles),
  limit: oneValue(
    'seconds',
    'how long it may take to answer a request; 60 by default',
    () => '60',
    readSeconds,
  ),
  wait: oneValue(
    'seconds',
    'how long a client waits for an answer that then becomes a job, unless it says itself; 30 by default',
    () => '30',
    readSeconds,
  ),
  memory: oneValue(
    'MiB',
    'how much memory the server may take in all; by default what its control group allows, or half of what there is, at most 4608',
    () => String(availableMemory()),
    wholeNumber(LEAST_MEMORY, 1_048_576, 'MiB'),
  ),
  log: oneValue(
    'form',
    'json or text: a line on stderr for each request; none by default',
    () => 'none',
    readForm,
  ),
  'cpu-map': manyValues(
    'NAME=DIR',
    "an installed libvirt's cpu_map directory that requests may name; more than once for several",
    readMaps,
  ),
} satisfies Readonly<Record<string, ServerSetting<unknown>>>

type Name = keyof typeof SETTINGS

/** What a server was told. */
export type ServeSettings = { readonly [N in Name]: ReturnType<(typeof SETTINGS)[N]['read']> }

const NAMES = Object.keys(SETTINGS) as Name[]

/** The options of `serve` that are settings. */
export const SETTING_OPTIONS: readonly OptionSpec[] = NAMES.map(name => {
  const { value, help, repeats }: ServerSetting<unknown> = SETTINGS[name]
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
    const setting: ServerSetting<unknown> = SETTINGS[name]
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
  return name === 'store' && isDatabaseUrl(url) ? { values: [url], source: 'DATABASE_URL' } : undefined
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

/** Settings that name files or folders. */
const IN_FOLDER: readonly Name[] = ['store', 'rules', 'webhook-secret']

/** A folder in a file begins at the file's own. */
const placeIn = (folder: string) => (place: string) =>
  place === '' || isDatabaseUrl(place) ? place : resolve(folder, place)

/** So does one of hosts' files. */
const filesIn = (folder: string) => (place: string) =>
  /^\w[\w+]*:\/\/|^[\w.-]+@[\w.-]+:|^$/.test(place) ? place : resolve(folder, place)
