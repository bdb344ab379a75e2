// Builds the Debian package from dist/: npm run build:deb. Node's files with what they depend on, the manual, completions and
// examples. Two builds are equal byte by byte: all files are of the last commit's time (SOURCE_DATE_EPOCH).
// DEBFULLNAME and DEBEMAIL name who maintains the package, as for Debian's own tools; else git's user.name and user.email do.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { constants, gzipSync } from 'node:zlib'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
process.chdir(ROOT)
const { version, dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
const run = (program, ...args) => execFileSync(program, args, { encoding: 'utf8' }).trim()
const seconds = Number(process.env.SOURCE_DATE_EPOCH || run('git', 'log', '-1', '--format=%ct'))
const MAINTAINER = `${process.env.DEBFULLNAME || ofGit('user.name')} <${process.env.DEBEMAIL || ofGit('user.email')}>`

/** Whoever builds a package that nobody publishes is who answers for it. */
function ofGit(key) {
  const { stdout } = spawnSync('git', ['config', key], { encoding: 'utf8' })
  if (stdout?.trim()) return stdout.trim()
  console.error(`error: who maintains the package? Set DEBFULLNAME and DEBEMAIL, or git config ${key}`)
  process.exit(2)
}

/** PGlite has 27 MB, and an inventory in PostgreSQL needs none of it; assistants take npm's package (docs/mcp.md). */
const LEFT_OUT = ['@electric-sql/pglite', '@modelcontextprotocol/sdk']

const OUT = join(ROOT, 'dist-deb')
const TREE = join(OUT, 'tree')
const at = (...path) => {
  const place = join(TREE, ...path)
  mkdirSync(dirname(place), { recursive: true })
  return place
}
const packed = text => gzipSync(text, { level: constants.Z_BEST_COMPRESSION })

/** The packages that the command needs, by their folders, with those that they need. */
function neededPackages() {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  const names = Object.keys({ ...dependencies, ...peerDependencies }).filter(name => !LEFT_OUT.includes(name))
  const found = new Map()
  const find = (name, from) => {
    const nested = from && `${from}/node_modules/${name}`
    const folder = nested && packages[nested] ? nested : `node_modules/${name}`
    const own = packages[folder]
    if (!own || found.has(folder)) return
    found.set(folder, own)
    for (const other of Object.keys(own.dependencies ?? {})) find(other, folder)
  }
  for (const name of names) find(name)
  return found
}

/** What only programs of others import. */
const LIBRARY = /^dist\/(?:lib|(?:index|async|node|data|data-apart)\.js)$/

/** Whether a file of a package is read when it runs. */
const isUsed = path =>
  !/\.(?:map|md|markdown|d\.[cm]?ts|ts|flow)$|(?:^|\/)(?:\.[^/]*|bin|browser|src|test|tests|types|docs|__tests__|[^/]*\.min\.[cm]?js)$/.test(
    path,
  )

function copyProgram(packages) {
  const lib = at('usr', 'lib', 'virt-cpu', 'x')
  for (const name of ['dist', 'schema', 'package.json']) {
    cpSync(name, join(dirname(lib), name), { recursive: true, filter: path => !LIBRARY.test(path) })
  }
  for (const folder of packages.keys())
    cpSync(folder, at('usr', 'lib', 'virt-cpu', folder), {
      recursive: true,
      filter: path =>
        path === folder ||
        (isUsed(path) && !/LICEN[CS]E/i.test(path) && !path.slice(folder.length).includes('/node_modules')),
    })
  const program = name => at('usr', 'lib', 'virt-cpu', 'dist', name)
  const withoutFirst = name => readFileSync(program(name), 'utf8').replace(/^#!.*\n/, '')
  writeFileSync(program('cli.cjs'), `#!/usr/bin/node\n${withoutFirst('cli.cjs')}`)
  writeFileSync(program('worker.cjs'), withoutFirst('worker.cjs'))
  symlinkSync('../lib/virt-cpu/dist/cli.cjs', at('usr', 'bin', 'virt-cpu'))
}

function writeDocuments(packages) {
  writeFileSync(at('usr', 'share', 'man', 'man1', 'virt-cpu.1.gz'), packed(readFileSync('man/virt-cpu.1')))
  cpSync('completions/virt-cpu.bash', at('usr', 'share', 'bash-completion', 'completions', 'virt-cpu'))
  cpSync('completions/_virt-cpu', at('usr', 'share', 'zsh', 'vendor-completions', '_virt-cpu'))
  cpSync('completions/virt-cpu.fish', at('usr', 'share', 'fish', 'vendor_completions.d', 'virt-cpu.fish'))
  const doc = (...path) => at('usr', 'share', 'doc', 'virt-cpu', ...path)
  cpSync('examples', doc('examples'), { recursive: true })
  writeFileSync(doc('changelog.gz'), packed(readFileSync('CHANGELOG.md')))
  writeFileSync(doc('changelog.Debian.gz'), packed(debianChangelog()))
  writeFileSync(at('usr', 'share', 'lintian', 'overrides', 'virt-cpu'), OVERRIDES)
  writeFileSync(doc('copyright'), copyright(packages))
}

const OVERRIDES = `# Debian does not have it: nobody asked for it there.
virt-cpu: initial-upload-closes-no-bugs
`

const debianChangelog = () => `virt-cpu (${version}-1) unstable; urgency=medium

  * See changelog.gz.

 -- ${MAINTAINER}  ${new Date(seconds * 1000).toUTCString().replace('GMT', '+0000')}
`

const APACHE = ' On Debian systems the full text is in /usr/share/common-licenses/Apache-2.0.'

function copyright(packages) {
  const others = [...packages].map(([folder, { license }]) => {
    const text = readdirSync(folder).find(name => /^(?:licen[cs]e|copying)/i.test(name))
    const words = text === undefined ? '' : readFileSync(join(folder, text), 'utf8').trim()
    const holder =
      /copyright.*/i.exec(words)?.[0] ?? `the authors of ${folder.replace(/.*node_modules\//, '')}`
    const isApache = /Apache License\s+Version 2\.0/.test(words)
    const indented = isApache ? APACHE : words.replace(/^/gm, ' ').replace(/^ \s*$/gm, ' .')
    return `Files: usr/lib/virt-cpu/${folder}/*\nCopyright: ${holder}\nLicense: ${license}-${folder.replace(/.*node_modules\//, '').replace(/\W+/g, '-')}\n${indented}\n`
  })
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: virt-cpu

Files: *
Copyright: the virt-cpu authors
License: Apache-2.0
${APACHE}

${others.join('\n')}`
}

/** Modes and times that no machine changes. */
function settle(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) settle(path)
    else if (entry.isFile()) {
      chmodSync(path, path.endsWith('/dist/cli.cjs') ? 0o755 : 0o644)
      utimesSync(path, seconds, seconds)
    }
  }
  chmodSync(folder, 0o755)
  utimesSync(folder, seconds, seconds)
}

function control() {
  const size = run('du', '-sk', '--apparent-size', TREE).split(/\s/)[0]
  return `Package: virt-cpu
Version: ${version}-1
Section: admin
Priority: optional
Architecture: all
Depends: nodejs (>= 20.19)
Suggests: qemu-system-x86 | qemu-system-arm
Installed-Size: ${size}
Maintainer: ${MAINTAINER}
Description: guest CPU models for virtualization fleets
 Computes the CPU that guests may be given so that they run and live-migrate
 on every host of a pool, as libvirt does, byte for byte, without a daemon;
 and says which features that costs, on which hosts, and why. Reads what
 libvirt, QEMU, Kubernetes, Proxmox, OpenStack, oVirt, Xen and vSphere say of
 hosts, and raw CPUID dumps.
`
}

/** Checksums of all files, as dpkg -V reads them. */
const checksums = () =>
  readdirSync(TREE, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => relative(TREE, join(entry.parentPath, entry.name)))
    .sort()
    .map(
      path =>
        `${createHash('md5')
          .update(readFileSync(join(TREE, path)))
          .digest('hex')}  ${path}\n`,
    )
    .join('')

if (!existsSync('dist/cli.cjs')) throw new Error('no dist/cli.cjs: npm run build comes first')
rmSync(OUT, { recursive: true, force: true })
const packages = neededPackages()
copyProgram(packages)
writeDocuments(packages)
const sums = checksums()
writeFileSync(at('DEBIAN', 'control'), control())
writeFileSync(at('DEBIAN', 'md5sums'), sums)
settle(TREE)
const deb = join(OUT, `virt-cpu_${version}-1_all.deb`)
execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '-b', TREE, deb], {
  env: { ...process.env, SOURCE_DATE_EPOCH: String(seconds) },
  stdio: ['ignore', 'ignore', 'inherit'],
})
rmSync(TREE, { recursive: true })
console.log(relative(ROOT, deb))
