import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NEVER_OFFERED } from '../../../src/arch/operations.ts'
import { ARCHITECTURES, requireDriver } from '../../../src/arch/registry.ts'
import { makePredictor, predictByKvmRules } from '../../../src/arch/x86/offered.ts'
import { FeatureSet } from '../../../src/core/feature-set.ts'
import { CpuMap } from '../../../src/map/cpu-map.ts'
import { withDependents } from '../../../src/map/effects.ts'
import { builtinKvmRules, parseKvmRules } from '../../../src/map/kvm-rules.ts'
import { builtin } from '../../built-in.ts'

const db = builtin()
const table = db.features
const set = (names: string): FeatureSet =>
  table.setOf(names.split(' ').flatMap(name => table.get(name) ?? []))
const names = (features: FeatureSet): string =>
  table
    .in(features)
    .map(({ name }) => name)
    .join(' ')

const word = fc.integer({ min: 0, max: 0xffff_ffff })
const some = fc
  .array(word, { minLength: table.words.length, maxLength: table.words.length })
  .map(words => FeatureSet.of(words).meet(table.all))
/** Features of a model and others, as a CPU has them: none without what it needs. */
const cpus = fc
  .tuple(some, fc.constantFrom(...db.models))
  .map(([more, { features }]) => more.join(features))
  .map(has => has.minus(withDependents(db, table.all.minus(has))))
const vendors = fc.constantFrom('Intel', 'AMD', 'Hygon', '')
const versions = fc.record({
  kernel: fc.constantFrom(undefined, '3.10', '5.4', '6.6', '6.12', '7.2'),
  qemu: fc.constantFrom(undefined, '6.2', '8.2', '10.0', '11.1'),
})
const predict = (has: FeatureSet, vendor: string, of = {}, known = table.all) =>
  predictByKvmRules(db, { has, known }, vendor, of)

/** Features that no line but a kept one is about, whatever the vendor. */
const keptAlways = (): FeatureSet => {
  const { rules } = builtinKvmRules()
  const ofKind = (isKept: boolean) =>
    set(rules.flatMap(({ kind, features }) => ((kind === 'kept') === isKept ? features : [])).join(' '))
  return ofKind(true).minus(ofKind(false))
}

describe('laws', () => {
  test('a feature is offered, on request, not offered, or unknown', () => {
    fc.assert(
      fc.property(some, some, vendors, versions, (has, known, vendor, of) => {
        const offered = predict(has.meet(known), vendor, of, known)
        expect(offered.has.leq(offered.known)).toBe(true)
        expect(offered.onRequest.meets(offered.known)).toBe(false)
      }),
    )
  })

  test('more hardware never makes less of it', () => {
    fc.assert(
      fc.property(some, some, vendors, versions, (a, b, vendor, of) => {
        const [less, more] = [predict(a.meet(b), vendor, of), predict(a, vendor, of)]
        expect(names(less.has.minus(more.has))).toBe('')
        expect(names(less.onRequest.minus(more.onRequest).minus(more.has))).toBe('')
      }),
    )
  })

  test('knowing more of the hardware turns nothing definite round', () => {
    fc.assert(
      fc.property(cpus, some, vendors, versions, (has, known, vendor, of) => {
        const [part, whole] = [predict(has.meet(known), vendor, of, known), predict(has, vendor, of)]
        expect(names(part.has.minus(whole.has))).toBe('')
        expect(names(part.known.minus(part.has).minus(whole.known))).toBe('')
        expect(names(part.known.minus(part.has).meet(whole.has))).toBe('')
      }),
    )
  })

  test('what is offered is offered again', () => {
    fc.assert(
      fc.property(some, vendors, versions, (has, vendor, of) => {
        const { has: once } = predict(has, vendor, of)
        expect(names(predict(once, vendor, of).has)).toBe(names(once))
      }),
    )
  })

  test('what is kept is never offered, and details never without what they need', () => {
    const parents = table.in(set('vmx svm arch-capabilities amx-tile sgx intel-pt core-capability'))
    fc.assert(
      fc.property(some, vendors, versions, (has, vendor, of) => {
        const offered = predict(has, vendor, of)
        expect(names(offered.has.join(offered.onRequest).meet(keptAlways()))).toBe('')
        const lacking = parents.filter(({ bits }) => !bits.leq(offered.has))
        for (const { bits } of lacking) expect(names(offered.has.meet(withDependents(db, bits)))).toBe('')
      }),
    )
  })

  test('without versions only that is said which holds from the oldest on', () => {
    const later = fc.record({
      kernel: fc.constantFrom('6.6', '6.12', '7.2'),
      qemu: fc.constantFrom('8.2', '9.2', '10.0', '11.1'),
    })
    fc.assert(
      fc.property(some, vendors, later, (has, vendor, of) => {
        const [any, own] = [predict(has, vendor), predict(has, vendor, of)]
        expect(names(any.has.minus(own.has))).toBe('')
        expect(names(any.known.minus(any.has).meet(own.has))).toBe('')
      }),
    )
  })
})

describe('single features', () => {
  const offered = (hardware: string, vendor: string, feature: string, of = {}, known = table.all): string => {
    const { has, onRequest, known: told } = predict(set(hardware), vendor, of, known)
    if (set(feature).leq(onRequest)) return 'on request'
    return set(feature).leq(told) ? String(set(feature).leq(has)) : 'unknown'
  }

  test.each([
    ['', 'Intel', 'hypervisor', {}, 'true'],
    ['', 'AMD', 'x2apic', {}, 'true'],
    ['avx2', 'Intel', 'avx2', {}, 'true'],
    ['acpi', 'Intel', 'acpi', {}, 'false'],
    ['vmx', 'Intel', 'vmx', {}, 'on request'],
    ['vmx vmx-ept', 'Intel', 'vmx-ept', {}, 'on request'],
    ['vmx-ept', 'Intel', 'vmx-ept', {}, 'false'],
    ['amx-bf16 amx-tile', 'Intel', 'amx-bf16', {}, 'true'],
    ['amx-bf16 amx-tile', 'Intel', 'amx-bf16', { kernel: '5.16' }, 'false'],
    ['amx-bf16 amx-tile', 'Intel', 'amx-bf16', { qemu: '6.2' }, 'false'],
    ['', 'Intel', 'arch-capabilities', {}, 'true'],
    ['rdctl-no', 'Intel', 'rdctl-no', {}, 'unknown'],
    ['arch-capabilities rdctl-no', 'Intel', 'rdctl-no', {}, 'true'],
    ['arch-capabilities rdctl-no', 'Intel', 'rdctl-no', { qemu: '3.1' }, 'false'],
    ['arch-capabilities taa-no', 'Intel', 'taa-no', {}, 'false'],
    ['arch-capabilities taa-no rtm', 'Intel', 'taa-no', {}, 'true'],
    ['', 'AMD', 'arch-capabilities', {}, 'unknown'],
    ['', 'AMD', 'rdctl-no', {}, 'unknown'],
    ['', 'AMD', 'rdctl-no', { qemu: '9.2' }, 'true'],
    ['', 'AMD', 'arch-capabilities', { qemu: '10.1' }, 'unknown'],
    ['amd-ssbd', 'AMD', 'ssbd', {}, 'true'],
    ['amd-ssbd', 'Intel', 'ssbd', {}, 'false'],
    ['spec-ctrl', 'Intel', 'ibpb', {}, 'true'],
    ['xsaves vaes', 'AMD', 'xsaves', {}, 'true'],
    ['xsaves', 'AMD', 'xsaves', {}, 'on request'],
    ['mpx', 'Intel', 'mpx', {}, 'false'],
    ['mpx', 'Intel', 'mpx', { kernel: '4.18' }, 'true'],
    ['cet-ss', 'Intel', 'cet-ss', {}, 'unknown'],
    ['cet-ss', 'Intel', 'cet-ss', { kernel: '6.12', qemu: '10.0' }, 'false'],
    ['bhi-ctrl spec-ctrl', 'Intel', 'bhi-ctrl', {}, 'unknown'],
    ['bhi-ctrl spec-ctrl', 'Intel', 'bhi-ctrl', { qemu: '10.0' }, 'true'],
    ['cmt', 'Intel', 'cmt', { qemu: '99.0' }, 'false'],
  ])('%s of %s: %s %j is %s', (hardware, vendor, feature, of, expected) => {
    expect(offered(hardware, vendor, feature, of)).toBe(expected)
  })

  test('of hardware that is not known, what is passed on is unknown', () => {
    expect(offered('', 'Intel', 'avx2', {}, set('sse2'))).toBe('unknown')
    expect(offered('', 'Intel', 'hypervisor', {}, set('sse2'))).toBe('true')
    expect(offered('', 'Intel', 'acpi', {}, set('sse2'))).toBe('false')
    expect(offered('', 'Intel', 'ibpb', {}, set('sse2'))).toBe('unknown')
  })

  test('what libvirt knows no hypervisor to offer is kept', () => {
    expect(names(set([...NEVER_OFFERED].join(' ')).minus(keptAlways()))).toBe('')
  })
})

test('rules of a file decide', () => {
  const rules = parseKvmRules({
    name: 'kvm.txt',
    text: 'oldest kernel 6.6 qemu 8.2\ngiven avx : of AMD, with sse3ish, since kernel 1.0 [k]\n',
  })
  const { has } = makePredictor(db, 'Intel', {}, rules)({ has: set('acpi vmx') })
  expect(names(has)).toBe('vmx acpi')
})

test('other architectures give guests no more than the CPU has', () => {
  const map = CpuMap.builtIn()
  for (const { arches } of ARCHITECTURES.filter(({ name }) => name !== 'x86')) {
    const { db, predictOffered } = requireDriver(map, arches.at(-1)).fleet
    const given = predictOffered({ has: db.features.all })
    expect(given.has.leq(db.features.all), arches.at(-1)).toBe(true)
    expect(predictOffered({ has: FeatureSet.empty, known: db.features.all }).has.isEmpty).toBe(true)
  }
})
