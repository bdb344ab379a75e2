import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { runProcess } from '../cli/virt-cpu.ts'

const root = join(import.meta.dirname, '..', '..')

export interface Registry {
  readonly url: string
  readonly close: () => void
}

/** Packs what `npm publish` would send; returns where it is. */
export function pack(folder: string, tree = root): string {
  mkdirSync(folder)
  const options = ['pack', '--ignore-scripts', '--pack-destination', folder]
  const { status, stderr } = runProcess('npm', options, { cwd: tree })
  // Vitest is not here where the registry is a process of its own.
  if (status !== 0) throw new Error(stderr)
  const [name = ''] = readdirSync(folder)
  return join(folder, name)
}

/** What npm and npx are told to take packages from a registry, and to keep them in a folder. */
export const registryEnvironment = ({ url }: Registry, folder: string) => ({
  ...process.env,
  npm_config_registry: url,
  npm_config_cache: join(folder, 'cache'),
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  npm_config_update_notifier: 'false',
})

/** A version of a package, as package-lock.json describes it. */
interface Version {
  readonly version: string
  readonly integrity: string
}

/**
 * A registry that has one package of its own, as it was packed, and the packages of package-lock.json that are in npm's
 * cache. It sends whoever wants another one to the usual registry, unless it is alone. (Verdaccio 6 needs Node 22.) It runs
 * in the folder of the project.
 */
export async function startRegistry(
  tarball: string,
  { port = 0, alone = false }: { readonly port?: number; readonly alone?: boolean } = {},
): Promise<Registry> {
  const setting = (name: string) => runProcess('npm', ['config', 'get', name]).stdout.trim()
  const upstream = setting('registry')
  const packages = lockedPackages(setting('cache'))
  packages.set('virt-cpu', new Map([[tarball, packedVersion(tarball)]]))
  const server: Server = createServer((request, response) => {
    const path = (request.url ?? '/').slice(1)
    const [name = '', file] = decodeURIComponent(path).split('/-/')
    const files = packages.get(name)
    const [found] = [...(files ?? [])].find(([, { version }]) => file?.endsWith(`-${version}.tgz`)) ?? []
    if (files && file === undefined)
      response.end(JSON.stringify(documentOf(name, files, `http://${request.headers.host}`)))
    else if (found) response.end(readFileSync(found))
    else if (alone) response.writeHead(404).end()
    else response.writeHead(302, { location: new URL(path, upstream).href }).end()
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  const { port: chosen } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${chosen}/`, close: () => server.close() }
}

/** Versions by the files that have them, by the name of the package. */
type Packages = Map<string, Map<string, Version>>

function lockedPackages(cache: string): Packages {
  const packages: Packages = new Map()
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, Version & { name?: string }>
  }
  for (const [place, version] of Object.entries(lock.packages)) {
    const name = version.name ?? place.split('node_modules/').at(-1) ?? ''
    const file = version.integrity && cachedFile(cache, version.integrity)
    if (!file || !existsSync(file)) continue
    const files = packages.get(name) ?? new Map<string, Version>()
    packages.set(name, files.set(file, version))
  }
  return packages
}

/** Where npm keeps what it fetched. */
function cachedFile(cache: string, integrity: string): string {
  const hex = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex')
  return join(cache, '_cacache', 'content-v2', 'sha512', hex.slice(0, 2), hex.slice(2, 4), hex.slice(4))
}

function packedVersion(tarball: string): Version {
  const integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`
  return { ...JSON.parse(readFileSync('package.json', 'utf8')), integrity }
}

/** What a registry says of a package: its versions, each with its package.json and where its files are. */
function documentOf(name: string, files: ReadonlyMap<string, Version>, host: string): object {
  const versions = Array.from(files.values(), ({ integrity, ...manifest }) => {
    const tarball = `${host}/${name}/-/${name.split('/').at(-1)}-${manifest.version}.tgz`
    return [manifest.version, { ...manifest, name, dist: { tarball, integrity } }] as const
  })
  return { name, 'dist-tags': { latest: versions.at(-1)?.[0] }, versions: Object.fromEntries(versions) }
}
