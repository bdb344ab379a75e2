import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hostXml, runProcess } from '../cli/virt-cpu.ts'
import { needed, notInstalled } from '../needs.ts'
import { accessOfTest, freePort } from './access.ts'
import { commandsUnder, newcomersPath, type } from './newcomer.ts'

/** The container image of deploy/, built from this machine's Debian and run from its own root. */

const DEPLOY = join(import.meta.dirname, '..', '..', 'deploy')

/** What Docker would run: `buildah inspect`. */
interface Config {
  readonly User: string
  readonly Env: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly Cmd: readonly string[]
  readonly Healthcheck: { readonly Test: readonly string[] }
}

/**
 * A docker that builds nothing anew and runs the image that the test has built, with the options that are documented: it
 * refuses others.
 */
const DOCKER = `#!/bin/sh
command=$1; shift
case $command in
  build) [ "$1 $2" = '-t virt-cpu' ] && [ -e "$3/Containerfile" ] && exit ;;
  run)
    while :; do
      case $1 in
        --rm | --read-only) ;;
        --cap-drop) [ "$2" = ALL ] || exit 2; shift ;;
        -v) VIRT_CPU_TEST_MOUNTS="\${VIRT_CPU_TEST_MOUNTS-} \${2%:ro}"; shift ;;
        virt-cpu) shift; break ;;
        *) echo "docker: $1?" >&2; exit 2 ;;
      esac
      shift
    done
    export VIRT_CPU_TEST_MOUNTS
    exec unshare --mount --propagation private sh -ec "$VIRT_CPU_TEST_ENTER" enter "$VIRT_CPU_TEST_ROOT" "$VIRT_CPU_TEST_DATA" $VIRT_CPU_TEST_ENTRYPOINT "$@" ;;
esac
exit 2
`

/** Enters a root as containers do: read-only, with a /tmp and a /data of its own, as a user without rights. */
const ENTER = `
root=$1 data=$2; shift 2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/dev"
for name in null urandom; do : >"$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"; done
mount --bind "$data" "$root/data"
for pair in \${VIRT_CPU_TEST_MOUNTS-}; do mkdir -p "$root\${pair#*:}"; mount --bind "\${pair%%:*}" "$root\${pair#*:}"; done
mount -o remount,bind,ro "$root"
exec chroot --userspec="$VIRT_CPU_TEST_USER" "$root" "$@"
`

const root = () => process.getuid?.() === 0
const noImage = needed(
  'what images are made with',
  notInstalled('buildah', 'unshare', 'apt-get', 'dpkg-deb', 'npm') ??
    (!root() || spawnSync('unshare', ['--mount', 'true']).status !== 0
      ? 'mounts are not allowed here'
      : undefined),
)

describe.skipIf(noImage)(`the image (${noImage ?? 'installed'})`, () => {
  const work = mkdtempSync(join(tmpdir(), 'virt-cpu-image-'))
  const context = join(work, 'context')
  const data = join(work, 'data')
  const running: ChildProcess[] = []
  let config: Config
  let mounted = ''

  /** Runs buildah with a store of its own. */
  const buildah = (...args: string[]): string => {
    const options = ['--storage-driver', 'vfs', '--root', join(work, 'store'), '--runroot', join(work, 'run')]
    const { status, stdout, stderr } = runProcess('buildah', [...options, ...args])
    expect(status, stderr).toBe(0)
    return stdout.trim()
  }

  beforeAll(() => {
    const { status, stderr } = runProcess('sh', [join(DEPLOY, 'image.sh'), '--own-base', context])
    expect(status, stderr).toBe(0)
    const base = 'localhost/virt-cpu-base'
    buildah('bud', '--isolation', 'chroot', '-t', base, join(context, 'base'))
    const from = ['--format', 'docker', '--build-arg', `BASE=${base}`, '-t', 'virt-cpu', context]
    buildah('bud', '--isolation', 'chroot', ...from)
    config = JSON.parse(buildah('inspect', '--type', 'image', 'virt-cpu')).Docker.config
    mounted = buildah('mount', buildah('from', '--isolation', 'chroot', 'virt-cpu'))
    runProcess('mkdir', [data])
    chownSync(data, 65532, 65532)
  })
  afterAll(() => {
    for (const child of running) child.kill('SIGKILL')
    rmSync(work, { recursive: true, force: true })
  })

  /** Starts a command in the image. */
  function enter(command: readonly string[], env: Record<string, string>): ChildProcess {
    const own = Object.fromEntries(config.Env.map(line => line.split(/=(.*)/s).slice(0, 2)))
    const child = spawn(
      'unshare',
      ['--mount', '--propagation', 'private', 'sh', '-ec', ENTER, 'enter', mounted, data, ...command],
      {
        env: { ...own, ...env, PATH: `${process.env.PATH}`, VIRT_CPU_TEST_USER: config.User },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    running.push(child)
    return child
  }

  test('has no shell, no program but Node, and nothing that its user can change but /data and /tmp', () => {
    const known = 'app data dev etc lib lib64 nodejs proc sys tmp usr'.split(' ')
    expect(readdirSync(mounted).filter(name => !known.includes(name))).toEqual([])
    const find = (...args: string[]) =>
      runProcess('find', [mounted, ...args, '-printf', '%P\n'])
        .stdout.split('\n')
        .filter(Boolean)
    expect(find('-type', 'f', '-perm', '/111', '-not', '-name', '*.so*')).toEqual(['nodejs/bin/node'])
    expect(find('-perm', '/6000')).toEqual([])
    expect(find('-not', '-type', 'l', '(', '-uid', '65532', '-o', '-perm', '/002', ')').sort()).toEqual([
      'data',
      'tmp',
    ])
    expect(find('-name', '*.map')).toEqual([])
    expect(config.User).toBe('65532:65532')
  })

  test('has a bill of materials: the packages of the lock file, and nothing else is there', () => {
    const bill = JSON.parse(readFileSync(join(mounted, 'app', 'sbom.cdx.json'), 'utf8')) as {
      bomFormat: string
      specVersion: string
      metadata: { component: { purl: string } }
      components: {
        name: string
        version: string
        purl: string
        hashes?: { alg: string; content: string }[]
      }[]
    }
    expect(bill).toMatchObject({
      bomFormat: 'CycloneDX',
      metadata: { component: { purl: expect.stringMatching(/^pkg:npm\/virt-cpu@/) } },
    })
    const { packages } = JSON.parse(readFileSync(join(DEPLOY, '..', 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { version: string; integrity: string }>
    }
    for (const { name, version, hashes } of bill.components) {
      const locked = packages[`node_modules/${name}`]
      expect([name, version]).toEqual([name, locked?.version])
      const sha512 = hashes?.find(({ alg }) => alg === 'SHA-512')?.content ?? ''
      expect(`sha512-${Buffer.from(sha512, 'hex').toString('base64')}`).toBe(locked?.integrity)
    }
    const folder = join(mounted, 'app', 'node_modules')
    const there = readdirSync(folder).flatMap(name =>
      name.startsWith('@') ? readdirSync(join(folder, name)).map(own => `${name}/${own}`) : name,
    )
    expect(bill.components.map(({ name }) => name).sort()).toEqual(
      there.filter(name => !name.startsWith('.')).sort(),
    )
    const { dependencies } = JSON.parse(readFileSync(join(DEPLOY, '..', 'package.json'), 'utf8')) as {
      dependencies: object
    }
    expect(there).toEqual(expect.arrayContaining(Object.keys(dependencies)))
  })

  test('serves from a read-only root as a user without rights, and ends when it is told to', async () => {
    const port = await freePort()
    const { env, headers } = accessOfTest()
    const settings = { VIRT_CPU_SERVE_PORT: String(port), VIRT_CPU_SERVE_STORE: '/data/store', ...env }
    const server = enter([...config.Entrypoint, ...config.Cmd], settings)
    let said = ''
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    const url = `http://127.0.0.1:${port}`
    await expect
      .poll(() =>
        fetch(`${url}/healthz`).then(
          ({ status }) => status,
          () => said,
        ),
      )
      .toBe(200)
    await expect.poll(() => fetch(`${url}/readyz`).then(({ status }) => status)).toBe(200)
    const body = JSON.stringify({ cpus: [hostXml('Penryn')] })
    const answer = await fetch(`${url}/v1/baseline`, { method: 'POST', body, headers })
    expect(await answer.json()).toMatchObject({ model: 'Penryn' })
    const put = { method: 'PUT', body: hostXml('Penryn'), headers }
    expect((await fetch(`${url}/v1/hosts/h1?pool=old`, put)).status).toBe(201)
    const kept = await fetch(`${url}/v1/hosts`, { headers })
    expect(await kept.json()).toMatchObject({ hosts: [{ id: 'h1', pool: 'old' }] })

    const status = readFileSync(`/proc/${server.pid}/status`, 'utf8')
    expect(status).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m)
    expect(status).toMatch(/^CapEff:\t0+$/m)
    const mounts = readFileSync(`/proc/${server.pid}/mountinfo`, 'utf8')
    expect(mounts).toMatch(/^\d+ \d+ \S+ \S+ \/ ro[, ]/m)

    const [kind, ...check] = config.Healthcheck.Test
    expect(kind).toBe('CMD')
    const health = async () => (await once(enter(check, settings), 'exit'))[0]
    expect(await health()).toBe(0)
    server.kill('SIGTERM')
    expect(await once(server, 'exit')).toEqual([0, null])
    expect(await health()).toBe(1)
    const lines = said
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(lines).toContainEqual(expect.objectContaining({ path: '/healthz', status: 200 }))
  })

  test('five commands with it lead to a page with the hosts', () => {
    const commands = commandsUnder('With a container')
    expect(commands).toHaveLength(5)
    const checkout = mkdtempSync(join(work, 'checkout-'))
    // The image is built already, of the same checkout.
    const own = commands.map(command =>
      command.replace('sh deploy/image.sh image', `cp -R '${context}' image`),
    )
    expect(own).not.toEqual(commands)
    const printed = type(own, checkout, {
      PATH: newcomersPath({ docker: DOCKER }),
      VIRT_CPU_TEST_ENTER: ENTER,
      VIRT_CPU_TEST_ROOT: mounted,
      VIRT_CPU_TEST_DATA: data,
      VIRT_CPU_TEST_USER: config.User,
      VIRT_CPU_TEST_ENTRYPOINT: config.Entrypoint.join(' '),
    })
    expect(printed).toContain('opened fleet.html')
    expect(readFileSync(join(checkout, 'fleet.html'), 'utf8')).toContain('kvm-01')
  })

  test('its build stops where an instruction is wrong', () => {
    const wrong = mkdtempSync(join(work, 'wrong-'))
    writeFileSync(join(wrong, 'Containerfile'), 'FROM scratch\nRUM true\n')
    const options = ['--storage-driver', 'vfs', '--root', join(work, 'store'), '--runroot', join(work, 'run')]
    expect(runProcess('buildah', [...options, 'bud', '--isolation', 'chroot', wrong]).status).not.toBe(0)
  })
})
