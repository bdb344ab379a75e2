import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { exampleOf, runExample } from '../cli/help-examples.ts'
import { folderOf, runProcess, virtCpu } from '../cli/virt-cpu.ts'
import { needed, notInstalled } from '../needs.ts'

/** Installs and removes the package over this machine's files, of which none is changed: a copy in memory is. */
const INSTALL = `
deb=$1 node=$2
mount -t tmpfs tmpfs /mnt
mkdir /mnt/new /mnt/work /mnt/root
mount -t overlay -o lowerdir=/,upperdir=/mnt/new,workdir=/mnt/work overlay /mnt/root
mount -t tmpfs tmpfs /mnt/root/tmp
mount -t proc proc /mnt/root/proc
mount --bind /dev /mnt/root/dev
cp "$deb" /mnt/root/tmp/virt-cpu.deb
[ -e /mnt/root/usr/bin/node ] || ln -s "$node" /mnt/root/usr/bin/node
export HOME=/tmp XDG_CACHE_HOME=/tmp/cache MANWIDTH=100 LC_ALL=C.UTF-8 PAGER=cat
in_root() { chroot /mnt/root "$@"; }
in_root dpkg --ignore-depends=nodejs -i /tmp/virt-cpu.deb >/dev/null
echo "verified: $(in_root dpkg -V virt-cpu)"
echo "version: $(in_root virt-cpu --version)"
echo "manual: $(in_root man -w virt-cpu)"
in_root bash -c '
  . /usr/share/bash-completion/completions/virt-cpu
  COMP_WORDS=(virt-cpu cpu-b) COMP_CWORD=1 COMP_LINE="virt-cpu cpu-b" COMP_POINT=14
  $(complete -p virt-cpu | sed "s/.*-F \\([^ ]*\\) .*/\\1/") virt-cpu cpu-b virt-cpu
  echo "completed: \${COMPREPLY[*]}"'
in_root dpkg -P virt-cpu >/dev/null
echo "left: $(find /mnt/new -not -path "/mnt/new/tmp/*" -name "*virt-cpu*")"
`

const noMounts =
  process.getuid?.() !== 0 || spawnSync('unshare', ['--mount', 'true']).status !== 0
    ? 'mounts are not allowed here'
    : undefined

/** The Debian package: what dpkg puts where, and that it runs there. */

const root = join(import.meta.dirname, '..', '..')

const reason = needed('what builds Debian packages', notInstalled('dpkg-deb', 'lintian', 'man'))

const MAINTAINER = { DEBFULLNAME: 'Jo Doe', DEBEMAIL: 'jo@example.org' }

const run = (env: Record<string, string>) =>
  runProcess(process.execPath, ['scripts/build-deb.mjs'], { cwd: root, env })

function build(): Buffer {
  const { status, stdout, stderr } = run(MAINTAINER)
  expect(status, stdout + stderr).toBe(0)
  return readFileSync(join(root, stdout.trim()))
}

const DEB = () =>
  join(root, 'dist-deb', readdirSync(join(root, 'dist-deb')).find(name => name.endsWith('.deb')) ?? '')

describe.skipIf(reason)(`the Debian package ${reason ?? ''}`, () => {
  test('two builds are equal, and lintian has nothing to say', () => {
    expect(build().equals(build())).toBe(true)
    const { status, stdout } = runProcess('lintian', ['--fail-on', 'error,warning', DEB()])
    expect([status, stdout]).toEqual([0, ''])
  })

  test('its maintainer is who builds it, and it needs a Node that runs it', () => {
    const field = (name: string) => runProcess('dpkg-deb', ['-f', DEB(), name]).stdout.trim()
    expect(field('Maintainer')).toBe('Jo Doe <jo@example.org>')
    const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    expect(`${field('Depends')}.0`).toBe(
      `nodejs (${engines.node.replace('>=', '>= ').replace(/\.0$/, ')')}.0`,
    )
    const nobody = {
      DEBFULLNAME: '',
      DEBEMAIL: '',
      SOURCE_DATE_EPOCH: '1',
      GIT_DIR: '/nowhere',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
    }
    expect(run(nobody)).toMatchObject({ status: 2, stderr: expect.stringContaining('DEBFULLNAME') })
  })

  test('it runs where it is unpacked, with manual, completions and examples', () => {
    const folder = folderOf({})
    expect(runProcess('dpkg-deb', ['-x', DEB(), folder]).status).toBe(0)
    const at = (...path: string[]) => join(folder, 'usr', ...path)
    const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8')
    const program = at('bin', 'virt-cpu')
    expect(runProcess(program, ['--version'])).toEqual(virtCpu(['--version']))
    const example = exampleOf(virtCpu(['check', '--help']).stdout)
    expect(runExample(example, program)).toEqual(runExample(example))
    const pool = ['cpu-baseline', 'fleet', '--explain']
    const examples = at('share', 'doc', 'virt-cpu', 'examples')
    expect(runProcess(program, pool, { cwd: examples })).toEqual(
      virtCpu(pool, { cwd: join(root, 'examples') }),
    )
    const manual = gunzipSync(readFileSync(at('share', 'man', 'man1', 'virt-cpu.1.gz'))).toString()
    expect(manual).toBe(read('man', 'virt-cpu.1'))
    const completion = readFileSync(at('share', 'bash-completion', 'completions', 'virt-cpu'), 'utf8')
    expect(completion).toBe(read('completions', 'virt-cpu.bash'))
  })

  test.skipIf(noMounts)(`dpkg installs it, and its purge leaves nothing (${noMounts ?? 'as root'})`, () => {
    const inside = ['--mount', '--propagation', 'private', 'sh', '-ec', INSTALL, 'install']
    const { status, stdout, stderr } = runProcess('unshare', [...inside, DEB(), process.execPath])
    expect(stdout.trim().split('\n'), stderr).toEqual([
      'verified: ',
      `version: ${virtCpu(['--version']).stdout.trim()}`,
      'manual: /usr/share/man/man1/virt-cpu.1.gz',
      'completed: cpu-baseline',
      'left:',
    ])
    expect(status, stderr).toBe(0)
  })

  test('the manual is roff without a fault, and has every command', () => {
    const shown = runProcess('man', ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', 'man/virt-cpu.1'], {
      cwd: root,
      env: { MANWIDTH: '100', LC_ALL: 'C.UTF-8' },
    })
    expect(shown.stderr).toBe('')
    // A letter is bold where it stands on itself.
    const text = shown.stdout.replace(/.[\b]/g, '')
    expect(text).toMatch(/cpu-baseline: compute baseline CPU/)
    expect(text).toMatch(/virt-cpu pools examples\/fleet examples\/fleet-amd --pools 4/)
  })
})
