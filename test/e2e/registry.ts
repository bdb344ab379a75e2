import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { expect } from 'vitest'
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
  expect(status, stderr).toBe(0)
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

/**
 * A registry that has one package of its own, as it was packed, and sends whoever wants another one to the usual registry.
 * (Verdaccio 6 needs Node 22.)
 */
export async function startRegistry(tarball: string): Promise<Registry> {
  const upstream = runProcess('npm', ['config', 'get', 'registry'], { cwd: root }).stdout.trim()
  const file = basename(tarball)
  const bytes = readFileSync(tarball)
  const server: Server = createServer((request, response) => {
    const path = request.url ?? '/'
    const host = `http://${request.headers.host}`
    if (path === '/virt-cpu') response.end(JSON.stringify(documentOf(bytes, `${host}/virt-cpu/-/${file}`)))
    else if (path === `/virt-cpu/-/${file}`) response.end(bytes)
    else response.writeHead(302, { location: new URL(path.slice(1), upstream).href }).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/`, close: () => server.close() }
}

/** What a registry says of a package: its versions, each with its package.json and where its files are. */
function documentOf(bytes: Buffer, tarball: string): object {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`
  return {
    name: manifest.name,
    'dist-tags': { latest: manifest.version },
    versions: { [manifest.version]: { ...manifest, dist: { tarball, integrity } } },
  }
}
