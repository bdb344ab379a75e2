import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type Ran, runProcess } from '../cli/virt-cpu.ts'
import { notInstalled } from '../needs.ts'

/**
 * A bare machine: this one's Debian, of which only the programs of a minimal installation are on the PATH, with Node and npm, an
 * empty home, no network but its own loopback, and a registry there for npm.
 */

/** Returns why there can be none here; undefined where there can. */
export const whyNoContainer = (): string | undefined =>
  notInstalled('unshare', 'chroot', 'dpkg-query', 'ip', 'npm') ??
  (process.getuid?.() !== 0 ||
  spawnSync('unshare', ['--mount', '--net', '--pid', '--fork', 'true']).status !== 0
    ? 'containers are not allowed here'
    : undefined)

export interface Machine {
  /** What is installed in it: its /usr/local. */
  readonly local: string
  /** The folder in which its user works. */
  readonly work: string
  /** A checkout of the project. */
  readonly checkout: string
  /** The package that its registry has. */
  readonly tarball: string
  /** Programs of this machine that are installed there too. */
  readonly programs: readonly string[]
  /** Programs of its own, by name. */
  readonly own: Readonly<Record<string, string>>
}

/** A /usr/local with Node and npm alone. */
export function freshLocal(): string {
  const local = mkdtempSync(join(tmpdir(), 'virt-cpu-local-'))
  for (const folder of ['bin', 'lib/node_modules/npm']) mkdirSync(join(local, folder), { recursive: true })
  writeFileSync(join(local, 'bin', 'node'), '')
  for (const name of ['npm', 'npx'])
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(local, 'bin', name))
  return local
}

/** What a script did, and the folder that it has as /machine. */
export interface RanIn extends Ran {
  readonly folder: string
}

/** Runs a script of bash in a machine that is started for it, as its root. */
export function runIn(machine: Machine, script: string): RanIn {
  const folder = mkdtempSync(join(tmpdir(), 'virt-cpu-machine-'))
  for (const name of ['root', 'bin']) mkdirSync(join(folder, name))
  for (const path of [...minimalPrograms(), ...machine.programs.map(name => `/usr/bin/${name}`)])
    symlinkSync(path, join(folder, 'bin', basename(path)))
  for (const [name, text] of Object.entries(machine.own)) {
    const path = join(folder, 'bin', name)
    spawnSync('rm', ['-f', path])
    writeFileSync(path, text)
    chmodSync(path, 0o755)
  }
  writeFileSync(join(folder, 'script'), script)
  const npm = realpathSync(runProcess('sh', ['-c', 'command -v npm']).stdout.trim()).replace(
    /\/bin\/[^/]*$/,
    '',
  )
  const given = [
    folder,
    machine.local,
    machine.work,
    process.execPath,
    npm,
    machine.tarball,
    process.cwd(),
    machine.checkout,
  ]
  const apart = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--propagation', 'private']
  return { folder, ...runProcess('unshare', [...apart, 'sh', '-ec', ENTER, 'enter', ...given]) }
}

/** What Debian installs at the least. */
function minimalPrograms(): string[] {
  const { stdout } = runProcess('sh', [
    '-c',
    `dpkg-query -Wf '\${Package} \${Priority}\\n' | grep ' required$' | cut -d' ' -f1 | xargs dpkg -L`,
  ])
  const paths = stdout.split('\n').filter(path => /^(?:\/usr)?\/s?bin\/[^/]+$/.test(path))
  return [...new Map([...paths, '/usr/bin/awk'].map(path => [basename(path), path])).values()]
}

const ENTER = `
folder=$1 local=$2 work=$3 node=$4 npm=$5 tarball=$6 project=$7 checkout=$8
root=$folder/root
mount -t tmpfs tmpfs "$root"
cd "$root"
mkdir -p usr proc sys dev etc/ssl tmp root/work root/checkout run var/lib var/tmp var/log machine
for name in bin sbin lib lib64; do [ ! -L "/$name" ] || cp -P "/$name" .; done
mount --bind /usr usr
mount -o remount,bind,ro usr
mount --bind "$local" usr/local
mount --bind "$node" usr/local/bin/node
mount --bind "$npm" usr/local/lib/node_modules/npm
mount --bind "$folder" machine
mount --bind "$work" root/work
mount --bind "$checkout" root/checkout
mount -t proc proc proc
mount --rbind -o ro /sys sys
for name in null zero full random urandom; do : >"dev/$name"; mount --bind "/dev/$name" "dev/$name"; done
ln -s /proc/self/fd dev/fd
mkdir -p etc/ssl; cp /etc/ssl/openssl.cnf etc/ssl 2>/dev/null || :
cp -a /etc/alternatives /etc/ld.so.cache /etc/nsswitch.conf /etc/debian_version /etc/os-release etc
grep -E '^(root|nobody|postgres):' /etc/passwd >etc/passwd
grep -E '^(root|nogroup|postgres):' /etc/group >etc/group
echo '127.0.0.1 localhost cpu.example.org' >etc/hosts
mkdir dev/shm
chmod 1777 tmp var/tmp dev/shm
ip link set lo up
cd "$project"
node scripts/run-ts.mjs test/e2e/own-registry.ts "$tarball" 4873 >"$folder/registry" 2>&1 &
until grep -q ':1309 .* 0A ' /proc/net/tcp; do sleep 0.05; done
cd "$root"
exec chroot "$root" /usr/bin/env -i HOME=/root USER=root LANG=C.UTF-8 PATH=/usr/local/bin:/machine/bin \\
  npm_config_registry=http://127.0.0.1:4873/ npm_config_update_notifier=false \\
  bash -c 'cd ~/work && . /machine/script'
`
