import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { level, models, type QuestionInput } from '../../src/index.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { folderOf, hostXml, virtCpu } from '../cli/virt-cpu.ts'
import { runs } from '../effort.ts'
import { FLEETS } from '../page/fleets.ts'

const db = CpuMap.builtIn().of('x86')
type Documents = NonNullable<QuestionInput<'models'>['documents']>

function verdicts(documents: Documents) {
  const answer = models({ documents })
  if (!('models' in answer)) throw new Error('no verdicts')
  return answer.models
}

function fleetModels(documents: Documents) {
  const answer = models({ documents })
  if (!('models' in answer)) throw new Error('no verdicts')
  return { ...answer, levels: answer.rungs ?? [] }
}

/** Capabilities of a hypervisor that lists no models and says only what it gives by default. */
const offers = (model: string) =>
  `<domainCapabilities><arch>x86_64</arch><cpu><mode name='host-model' supported='yes'>
<model>${model}</model></mode></cpu></domainCapabilities>`

describe('models over evidence', () => {
  test('every model has a verdict, the best first', () => {
    const all = verdicts([{ path: 'a.xml', text: hostXml('Haswell') }])
    expect(all.map(({ name }) => name).sort()).toEqual(db.models.map(({ name }) => name).sort())
    const order = ['yes', 'assumed', 'unknown', 'no']
    const ranks = all.map(({ verdict }) => order.indexOf(verdict))
    expect(ranks).toEqual([...ranks].sort())
    expect(all.find(({ name }) => name === 'Haswell')).toMatchObject({ verdict: 'assumed', vendor: 'Intel' })
  })

  test('a feature of which nothing is known never makes a no', () => {
    const names = db.models.map(({ name }) => name)
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 4 }), given => {
        const all = verdicts(given.map((model, i) => ({ path: `n${i}.xml`, text: offers(model) })))
        expect(all.filter(({ verdict }) => verdict === 'no')).toEqual([])
        for (const { verdict, unknown } of all) expect(verdict === 'unknown').toBe(unknown.length > 0)
      }),
      { numRuns: runs(10) },
    )
  })

  test('a no names what is missing, and where', () => {
    const documents = [
      { path: 'a.xml', text: hostXml('Skylake-Server') },
      { path: 'b.xml', text: hostXml('Nehalem') },
    ]
    const server = verdicts(documents).find(({ name }) => name === 'Skylake-Server')
    expect(server).toMatchObject({ verdict: 'no', level: 'x86-64-v4', unknown: [] })
    expect(server?.missing.find(({ feature }) => feature === 'avx512f')?.inGroups).toEqual([1])
  })

  test('levels and modes: whoever `level` says reaches one is kept by it, and nobody else', () => {
    for (const [, files] of FLEETS.filter(([name]) => ['mixed60', 'live'].includes(name))) {
      const documents = Object.entries(files).map(([path, text]) => ({ path, text }))
      const { groups, levels } = fleetModels(documents)
      const places = new Map(groups.flatMap(({ hosts }, place) => hosts.map(host => [host, place] as const)))
      const reached = (kind: string, host: string) =>
        levels.findLast(
          one =>
            one.kind === kind &&
            ![...one.missing, ...one.unknown].some(({ inGroups }) =>
              inGroups.includes(places.get(host) ?? -1),
            ) &&
            !one.otherVendorInGroups.includes(places.get(host) ?? -1),
        )?.name
      const lines = level({ documents }).lines.filter(({ kind }) => kind === 'host')
      expect(lines.length).toBe(places.size)
      expect(lines.map(one => [one.name, reached('level', one.name), reached('evc', one.name)])).toEqual(
        lines.map(one => [one.name, one.level ?? undefined, one.evc]),
      )
    }
  })

  test('a mode keeps from guests what modes name, a level nothing', () => {
    const guest = (name: string, model: string) => ({
      path: `guests/a/${name}.xml`,
      text: `<domain type='kvm'><name>${name}</name><os><type arch='x86_64'>hvm</type></os><cpu mode='custom' match='exact'><model>${model}</model></cpu></domain>`,
    })
    const { levels, guestGroups } = fleetModels([
      { path: 'a.xml', text: hostXml('Icelake-Server') },
      guest('old', 'Westmere'),
      guest('new', 'Cascadelake-Server'),
    ])
    const said = (name: string) => {
      const found = levels.find(one => one.name === name)
      const names = (places: readonly number[] = []) =>
        places
          .flatMap(place => guestGroups[place] ?? [])
          .sort()
          .join()
      return [names(found?.restartsInGuestGroups), names(found?.raisesInGuestGroups)]
    }
    expect(said('intel-penryn')).toEqual(['new,old', ''])
    expect(said('intel-haswell')).toEqual(['new', 'old'])
    expect(said('intel-icelake')).toEqual(['', ''])
    const icelake = levels.find(({ name }) => name === 'intel-icelake')
    expect(icelake?.verdict).toBe('no')
    expect(icelake?.missing.map(({ feature }) => feature)).toContain('xsaves')
    expect(levels.filter(({ kind }) => kind === 'evc').every(({ vendor }) => vendor === 'Intel')).toBe(true)
  })

  test('the command', () => {
    const cwd = folderOf({ 'a.xml': hostXml('Haswell'), 'b.xml': hostXml('Nehalem') })
    const { status, stdout } = virtCpu(['models', 'a.xml', 'b.xml'], { cwd })
    expect(status).toBe(0)
    expect(stdout).toMatch(
      /^\d+ models of \d+ can run on all 2 hosts; the best is Nehalem-v1, x86-64-v2\ndo: give guests Nehalem-v1/,
    )
    expect(stdout).toContain('do: fix, or part from the others, b:')
  })

  test('what is not in the list of an emulator is in the headline and in one line, not in a line each', () => {
    const cwd = folderOf({
      'a.txt': 'x86 qemu64-v1  QEMU Virtual CPU version 2.5+\nx86 Penryn  (alias)\nx86 EPYC-v1  AMD\n',
    })
    const { stdout } = virtCpu(['models', 'a.txt'], { cwd })
    expect(stdout.replace(/\n {2}/, ' ')).toMatch(
      /^0 models of \d+ can run on a, \d may, which is not known, \d+ are not in the hypervisor's list\n/,
    )
    expect(stdout).not.toContain('do: ')
    expect(virtCpu(['models', 'a.txt', '--details'], { cwd }).stdout).toMatch(
      /^the hypervisor of a has no [^:]*kvm64/m,
    )
    expect(stdout).not.toMatch(/^ {2}kvm64 /m)
  })
})
