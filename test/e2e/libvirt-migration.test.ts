import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folderOf, virtCpu } from '../cli/virt-cpu.ts'
import { needed } from '../needs.ts'
import { whyNoDaemon } from './libvirtd.ts'

// A guest with the CPU that is predicted, under libvirt: saved and restored, and migrated between two daemons that are
// hosts of their own, in mount and UTS namespaces.

const why = needed('libvirt 11.3 and QEMU, and may start a daemon', whyNoDaemon())

const DAEMON = join(import.meta.dirname, '..', '..', 'scripts', 'with-libvirt.sh')

const domainOf = (cpu: string): string =>
  "<domain type='qemu'><name>g</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>" +
  `<os><type arch='x86_64' machine='pc-q35-10.0'>hvm</type></os>${cpu}` +
  "<devices><memballoon model='none'/></devices></domain>"

/** Asks each daemon for the CPU that the guest has there. */
const SCRIPT = `
a() { virsh -q -c "$FIRST" "$@"; }
b() { virsh -q -c "$LIBVIRT_URI" "$@"; }
show() { echo "@ $1"; shift; "$@" dumpxml g | sed -n '/<cpu /,/<.cpu>/s/^  //p'; }
set -e
a define "$GUEST" && a start g && show started a
a managedsave g && a start g && show restored a
a migrate --live g "$LIBVIRT_URI" --migrateuri tcp:127.0.0.1 && show migrated b
b migrate --live g "$FIRST" --migrateuri tcp:127.0.0.1 && show returned a
a destroy g && a undefine g`

describe.skipIf(why)(`under libvirt (${why ?? 'installed'})`, () => {
  test.each([
    ['Nehalem', "<feature policy='require' name='aes'/>"],
    ['EPYC', "<feature policy='optional' name='topoext'/><feature policy='optional' name='avx2'/>"],
  ])(
    '%s, with check="full": the live CPU is as predicted, wherever the guest goes',
    (model, features) => {
      const asked = `<cpu mode='custom' match='minimum'><model fallback='forbid'>${model}</model>${features}</cpu>`
      const folder = folderOf({ 'asked.xml': domainOf(asked) })
      const answer = virtCpu(['guest', 'check', join(folder, 'asked.xml'), '--json'])
      const [{ verdict, live, message }] = JSON.parse(answer.stdout).guests
      expect([verdict, message]).toEqual(['starts', undefined])
      expect(live).toContain("check='full'")
      const guest = join(folderOf({ 'guest.xml': domainOf(live) }), 'guest.xml')
      const inner = `FIRST=$LIBVIRT_URI exec "$0" --host b --targets x86_64 sh -c "$1"`
      const { stdout, stderr, status } = spawnSync(
        DAEMON,
        ['--host', 'a', '--targets', 'x86_64', 'sh', '-c', inner, DAEMON, SCRIPT],
        { encoding: 'utf8', env: { ...process.env, GUEST: guest }, timeout: 600_000, input: '' },
      )
      expect({ status, said: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, said: '' })
      const seen = stdout.split(/^@ (\w+)\n/m).slice(1)
      expect(seen.filter((_, i) => i % 2 === 0)).toEqual(['started', 'restored', 'migrated', 'returned'])
      for (const cpu of seen.filter((_, i) => i % 2 === 1)) expect(cpu.trim()).toBe(live.trim())
    },
    900_000,
  )
})
