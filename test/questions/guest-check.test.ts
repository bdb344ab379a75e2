import { describe, expect, test } from 'vitest'
import type { HostCpu } from '../../src/core/cpu.ts'
import { LibvirtError } from '../../src/core/libvirt-error.ts'
import { openCpuMap } from '../../src/host/files/cpu-map.ts'
import { guestCheck } from '../../src/index.ts'
import { chooseQemu } from '../../src/qemu/choice.ts'
import { parseGuestRequest } from '../../src/qemu/guest/parse-request.ts'
import { type Context, contextOf } from '../../src/questions/context.ts'
import type { GuestAnswer } from '../../src/questions/guest-check/answer.ts'
import { guestAnswer, prepareGuest, refusal, startPlaceOf } from '../../src/questions/guest-check/compute.ts'
import type { Hypervisor } from '../../src/questions/input/hypervisor.ts'
import { parseXml } from '../../src/xml/reader.ts'
import { host } from '../notation.ts'
import { type ObservedStart, observedHost, observedStarts } from '../observed-host.ts'
import { NO_REFERENCE, reference } from '../reference.ts'
import { synthesize, syntheticHypervisor } from '../synthetic-qemu.ts'

const folder = reference('virsh-observed')
const map = reference('libvirt-11.3', 'cpu_map')

/** What QEMU's own models have beyond libvirt's: only a QEMU that is started tells. */
const OF_QEMU = /name='(lahf_lm|npt|nrip-save|topoext|ht|cmp_legacy)'/
/** Cases that rest on it, or that libvirt refuses elsewhere than we do. */
const OTHERWISE = /check="full"><model>EPYC|cortex-a57/

const domainOf = ({ virttype, vcpus, arch, machine, cpu }: ObservedStart): string =>
  `<domain type='${virttype}'><name>g</name><vcpu>${vcpus}</vcpu><os><type arch='${arch}' machine='${machine}'>hvm</type></os>${cpu}</domain>`

describe.skipIf(!folder || !map)(
  `guests that libvirt started (${folder ? 'observed' : NO_REFERENCE})`,
  () => {
    const context = contextOf(map ? openCpuMap(map) : undefined, '11.3')
    const observed = folder ? observedHost(folder) : undefined
    const cases = folder ? observedStarts(folder).filter(({ cpu }) => !OTHERWISE.test(cpu)) : []

    const check = (start: ObservedStart): GuestAnswer => {
      if (!observed) throw new RangeError('no observed host')
      const { capabilities } = observed
      // Nobody had asked these drivers for their host's CPU: docs/libvirt-versions.md.
      const host = { ...observed.host, maxphysaddr: undefined }
      try {
        const request = parseGuestRequest(parseXml(domainOf(start)))
        const place = { binary: '/usr/bin/qemu-system-x86_64', host: 'x86_64' }
        const choice = chooseQemu(capabilities, place, request)
        return guestAnswer(
          context,
          prepareGuest(context, request, startPlaceOf(context, { capabilities, choice }, host)),
        )
      } catch (error) {
        if (error instanceof LibvirtError) return refusal(error)
        throw error
      }
    }

    test.each(
      cases.map(start => [`${start.virttype} ${start.cpu} ${start.arch} ${start.vcpus}`, start] as const),
    )('%s', (_, start) => {
      const answer = check(start)
      expect(answer.argument).toBe(start.argument)
      // What becomes of QEMU itself is not libvirt's decision.
      const byQemu = /process exited|closed the monitor/.test(start.error ?? '')
      if (!byQemu) expect(answer.message).toBe(start.error)
      const ofLibvirt = (xml = '') => xml.split('\n').filter(line => !OF_QEMU.test(line))
      if (start.live) expect(ofLibvirt(answer.live)).toEqual(ofLibvirt(start.live))
    })
  },
)

const context = contextOf()
const hypervisor: Hypervisor = syntheticHypervisor({ cpu: host('Nehalem Intel +vmx') })

const check = (cpu: string, vcpus = 2): GuestAnswer => {
  const xml = `<domain type='kvm'><name>g</name><vcpu>${vcpus}</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os>${cpu}</domain>`
  try {
    const request = parseGuestRequest(parseXml(xml))
    return guestAnswer(context, prepareGuest(context, request, startPlaceOf(context, hypervisor)))
  } catch (error) {
    if (error instanceof LibvirtError) return refusal(error)
    throw error
  }
}

const custom = (model: string, inner = '', attributes = ''): string =>
  `<cpu mode='custom' match='exact'${attributes}><model>${model}</model>${inner}</cpu>`

describe('on a Nehalem with vmx', () => {
  test('a guest that starts', () => {
    const { verdict, argument, lost } = check(custom('Nehalem', "<feature policy='require' name='vmx'/>"))
    expect([verdict, argument, lost]).toEqual(['starts', 'Nehalem,vmx=on', []])
  })

  test('a guest that nobody checks starts without what the host lacks', () => {
    const { verdict, lost, live } = check(
      custom('Nehalem', "<feature policy='require' name='avx'/>", " check='none'"),
    )
    expect([verdict, lost.map(({ feature }) => feature)]).toEqual(['reduced', ['avx']])
    expect(live).toContain("<feature policy='disable' name='avx'/>")
  })

  test('optional features are decided', () => {
    const optional = (name: string) => `<feature policy='optional' name='${name}'/>`
    expect(check(custom('Nehalem', optional('vmx') + optional('avx'))).argument).toBe(
      'Nehalem,vmx=on,avx=off',
    )
  })

  test('host-model takes the host as it can migrate', () => {
    const { verdict, argument } = check("<cpu mode='host-model'/>")
    expect([verdict, argument]).toEqual([
      'starts',
      'Nehalem,vmx=on,x2apic=on,tsc-deadline=on,hypervisor=on,arat=on,tsc-adjust=on,umip=on,' +
        'arch-capabilities=on,skip-l1dfl-vmentry=on,pschange-mc-no=on',
    ])
  })

  test.each([
    [
      custom('Westmere'),
      'the CPU is incompatible with host CPU: Host CPU does not provide required features: ',
    ],
    [custom('Nehalem', "<feature policy='forbid' name='vmx'/>"), "Host CPU provides forbidden feature 'vmx'"],
    [
      custom('Nehalem', '', " check='full'"),
      "guest CPU doesn't match specification: extra features: x2apic,hypervisor",
    ],
    [custom('Nehalem', "<feature name='nosuch'/>"), 'unsupported configuration: unknown CPU feature: nosuch'],
    [
      custom('Nehalem', "<cache mode='emulate'/>"),
      "CPU cache mode 'emulate' can only be used with level='3'",
    ],
    [
      custom('Nehalem', "<topology sockets='3' cores='1' threads='1'/>"),
      "CPU topology doesn't match maximum vcpu count",
    ],
    ["<cpu mode='maximum'/>", 'maximum CPU is not supported by QEMU binary'],
    ["<cpu mode='nosuch'/>", "Invalid mode attribute 'nosuch'"],
  ])('%s is refused', (cpu, message) => {
    const answer = check(cpu)
    expect(answer.verdict).toBe('refused')
    expect(answer.message).toContain(message)
  })

  test('more vCPUs than the machine takes', () => {
    expect(check(custom('Nehalem'), 5000).message).toBe(
      'unsupported configuration: Maximum CPUs greater than specified machine type limit 4096',
    )
  })
})

const domain = (inner: string, attributes = '', vcpus = 2): string =>
  `<domain type='kvm'><name>g</name><vcpu${attributes}>${vcpus}</vcpu><os><type arch='x86_64'>hvm</type></os>${inner}</domain>`

const checkDomain = (xml: string, host?: HostCpu, asked: Context = context): GuestAnswer => {
  try {
    const request = parseGuestRequest(parseXml(xml), asked.libvirt)
    return guestAnswer(asked, prepareGuest(asked, request, startPlaceOf(asked, hypervisor, host)))
  } catch (error) {
    if (error instanceof LibvirtError) return refusal(error)
    throw error
  }
}

const older = contextOf(undefined, '11.3')

const features = (inner: string): string => `<features>${inner}</features>${custom('Nehalem')}`
const hyperv = (inner: string): string => features(`<hyperv>${inner}</hyperv>`)
const clock = (inner: string): string => `<clock offset='utc'>${inner}</clock>${custom('Nehalem')}`

describe('what a domain says outside of its CPU', () => {
  test.each([
    [
      hyperv(
        "<tlbflush state='on'><extended state='on'/><direct state='on'/></tlbflush><stimer state='on'><direct state='on'/></stimer><relaxed state='on'/>",
      ),
      'hv-relaxed=on,hv-stimer=on,hv-stimer-direct=on,hv-tlbflush=on,hv-tlbflush-direct=on,hv-tlbflush-ext=on',
    ],
    [
      hyperv("<vendor_id state='on' value='abc'/><spinlocks state='on' retries='8191'/><vapic state='off'/>"),
      'hv-spinlocks=0x1fff,hv-vendor-id=abc',
    ],
    [features("<hyperv mode='passthrough'><relaxed state='on'/></hyperv>"), 'hv-passthrough=on'],
    [
      features(
        "<kvm><poll-control state='on'/><pv-ipi state='off'/><hint-dedicated state='on'/><hidden state='on'/></kvm>",
      ),
      'kvm=off,kvm-hint-dedicated=on,kvm-poll-control=on,kvm-pv-ipi=off',
    ],
    [
      features("<pmu state='off'/><pvspinlock state='off'/><apic eoi='on'/>"),
      'kvm-pv-eoi=on,kvm-pv-unhalt=off,pmu=off',
    ],
    [
      clock(
        "<timer name='tsc' frequency='2000000000'/><timer name='kvmclock' present='no'/><timer name='hypervclock' present='yes'/>",
      ),
      'tsc-frequency=2000000000,kvmclock=off,hv-time=on',
    ],
    [clock("<timer name='hypervclock' present='no'/><timer name='rtc'/>"), ''],
    [
      clock("<timer name='kvmclock' present='no'/><timer name='kvmclock' present='yes'/>"),
      'kvmclock=off,kvmclock=on',
    ],
    [
      clock(
        "<timer name='tsc' frequency='1000000000'/><timer name='kvmclock' present='no'/><timer name='tsc' frequency='2000000000'/>",
      ),
      'tsc-frequency=1000000000,kvmclock=off,tsc-frequency=2000000000',
    ],
  ])('%s is in the argument', (inner, more) => {
    expect(checkDomain(domain(inner), undefined, older).argument).toBe(
      ['Nehalem', more].filter(Boolean).join(','),
    )
  })

  test('and of the default CPU too, before caches and address width', () => {
    const cpu = custom('Nehalem', "<maxphysaddr mode='emulate' bits='40'/><cache mode='disable'/>")
    expect(checkDomain(domain(`<features><pmu/></features>${cpu}`)).argument).toBe(
      'Nehalem,pmu=on,l3-cache=off,phys-bits=40',
    )
  })

  test.each([
    [hyperv("<nosuch state='on'/>"), 'unsupported HyperV Enlightenment feature: nosuch'],
    [features("<hyperv mode='none'/>"), "Invalid value for attribute 'mode' in element 'hyperv': 'none'."],
    [hyperv('<relaxed/>'), "Missing required attribute 'state' in element 'relaxed'"],
    [hyperv("<spinlocks state='on' retries='5'/>"), 'HyperV spinlock retry count must be at least 4095'],
    [hyperv("<vendor_id state='on'/>"), "missing 'value' attribute for HyperV feature 'vendor_id'"],
    [hyperv("<vendor_id state='on' value='abcdefghijklm'/>"), 'must not be more than 12 characters.'],
    [hyperv("<vendor_id state='on' value='a,b'/>"), 'HyperV vendor_id value is invalid'],
    [features("<kvm><nosuch state='on'/></kvm>"), 'unsupported KVM feature: nosuch'],
    [clock("<timer name='nosuch'/>"), "Invalid value for attribute 'name' in element 'timer': 'nosuch'."],
  ])('%s is refused', (inner, message) => {
    expect(checkDomain(domain(inner)).message).toContain(message)
  })

  test.each([
    [features("<gic version='3'/>"), "'gic' feature is not supported for architecture 'x86_64' or machine"],
    [features("<htm state='off'/>"), "The 'htm' feature is not supported"],
    [features("<ras state='on'/>"), 'ras feature is only supported with ARM Virt machines'],
    [features("<smm><tseg unit='MiB'>48</tseg></smm>"), 'SMM TSEG is only supported with q35 machine type'],
    [features('<nosuch/>'), "unexpected feature 'nosuch'"],
    [features("<kvm><dirty-ring state='on' size='1000'/></kvm>"), 'dirty ring must be power of 2'],
    [clock("<timer name='platform'/>"), "unsupported timer type (name) 'platform'"],
    [
      clock("<timer name='armvtimer'/>"),
      "Configuring the 'armvtimer' timer is not supported for virtType=kvm",
    ],
    [clock("<timer name='pit' tickpolicy='merge'/>"), "unsupported pit tickpolicy 'merge'"],
    [clock("<timer name='kvmclock' mode='auto'/>"), "timer kvmclock doesn't support setting of timer mode"],
    [`<clock offset='timezone'/>`, "missing 'timezone' attribute for clock with offset='timezone'"],
    ["<launchSecurity type='sev'/>", 'failed to get launch security policy'],
    ["<launchSecurity type='sev'><policy>1</policy></launchSecurity>", "'sev' launch security is not supp"],
    ["<launchSecurity type='s390-pv'/>", "'s390-pv' launch security is not supported with this QEMU binary"],
    ["<devices><hostdev type='pci'/></devices>", 'Missing <source> element in hostdev device'],
    [
      "<devices><hostdev mode='capabilities' type='misc'><source/></hostdev></devices>",
      "hostdev mode 'capabilities' is not supported in qemu",
    ],
    [
      "<devices><hostdev type='mdev' model='vfio-ccw'><source/></hostdev></devices>",
      'VFIO CCW device assignment is not supported by this version of QEMU',
    ],
    ["<devices><iommu model='smmuv3'/></devices>", "'smmuv3' is only supported with ARM Virt machines"],
  ])('%s is refused in its words', (inner, message) => {
    expect(checkDomain(domain(inner)).message).toContain(message)
  })

  test('of several faults the one is told that libvirt looks for first', () => {
    const two = "<timer name='platform'/><timer name='kvmclock' mode='auto'/>"
    expect(checkDomain(domain(clock(two))).message).toContain('timer kvmclock doesn')
    expect(checkDomain(domain(features("<ras state='on'/><htm state='on'/>"))).message).toContain("'htm'")
    const topology = "<topology sockets='3' cores='1' threads='1'/>"
    const both = `<features><htm state='on'/></features>${custom('Nehalem', topology)}`
    expect(checkDomain(domain(both)).message).toContain("CPU topology doesn't match maximum vcpu count")
  })

  test.each([
    [hyperv("<stimer state='on'/><synic state='on'/>"), 'QEMU ends: hv-synic needs hv-vpindex'],
    [
      hyperv("<vpindex state='on'/><stimer state='on'/><synic state='on'/>"),
      'QEMU ends: hv-stimer needs hv-time',
    ],
    [hyperv("<evmcs state='on'/>"), 'QEMU ends: hv-evmcs needs hv-vapic'],
  ])('KVM: %s', (inner, message) => {
    expect(checkDomain(domain(inner), undefined, older).message).toContain(message)
  })

  test.each([
    ["<stimer state='on'/><synic state='on'/>", "'stimer' hyperv feature requires 'hypervclock' timer"],
    ["<ipi state='on'/><tlbflush state='on'/>", "'tlbflush' hyperv feature requires 'vpindex' feature"],
    [
      "<vpindex state='on'/><tlbflush state='on'><direct state='on'/></tlbflush>",
      "'hv-tlbflush-direct' hyperv feature requires 'vapic' feature",
    ],
    ["<evmcs state='on'/><ipi state='on'/>", "'ipi' hyperv feature requires 'vpindex' feature"],
    ["<evmcs state='on'/><vapic state='off'/>", "'evmcs' hyperv feature requires 'vapic' feature"],
  ])('12.8 looks at what %s needs, before other features', (inner, message) => {
    const xml = domain(features(`<gic version='3'/><hyperv>${inner}</hyperv>`))
    expect(checkDomain(xml).message).toBe(`unsupported configuration: ${message}`)
    expect(checkDomain(xml, undefined, older).message).toContain("The 'gic' feature is not supported")
  })

  test('12.8 takes spin locks without retries, and an IOMMU without the extended mode', () => {
    expect(checkDomain(domain(hyperv("<spinlocks state='on'/>"))).argument).toBe(
      'Nehalem,hv-spinlocks=0xffffffff',
    )
    const iommu = "<devices><iommu model='intel'><driver intremap='on' eim='off'/></iommu></devices>"
    const many = domain(custom('Nehalem') + iommu, '', 300).replace("'x86_64'", "'x86_64' machine='q35'")
    expect(checkDomain(many).verdict).toBe('starts')
    expect(checkDomain(many, undefined, older).message).toContain('more than 255 vCPUs require extended')
  })

  const machine = (name: string, inner = ''): string =>
    domain(features('') + inner).replace("'x86_64'", `'x86_64' machine='${name}'`)
  const withoutUsb = "<devices><controller type='usb' model='none'/></devices>"
  const mediated =
    "<hostdev type='mdev' model='vfio-pci'><source><address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>"

  const noBus = 'XML error: No PCI buses available'
  test.each([
    ['none', '', noBus, "internal error: Machine type 'none' supports PCI but no PCI controller added"],
    ['microvm', '', noBus, undefined],
    ['microvm', withoutUsb, undefined, undefined],
    ['isapc', '', undefined, undefined],
    ['isapc', `<devices>${mediated}</devices>`, noBus, noBus],
  ])('machine %s, with %s', (name, inner, ofOlder, ofNewer) => {
    expect(checkDomain(machine(name, inner), undefined, older).message).toBe(ofOlder)
    expect(checkDomain(machine(name, inner)).message).toBe(ofNewer)
  })

  test('a passed device needs a host that hands devices over', () => {
    const source = "<source><address domain='0' bus='1' slot='1' function='0'/></source>"
    const xml = domain(`${custom('Nehalem')}<devices><hostdev type='pci'>${source}</hostdev></devices>`)
    const request = parseGuestRequest(parseXml(xml))
    const prepare = (vfio?: boolean, asked = context) =>
      prepareGuest(asked, request, startPlaceOf(asked, hypervisor, undefined, vfio))
    expect(() => prepare(false)).toThrow('VFIO PCI device assignment is not supported by the host')
    expect(() => prepare(false, older)).toThrow("host doesn't support passthrough of host PCI devices")
    expect(guestAnswer(context, prepare())).toMatchObject({ verdict: 'starts', notLookedAt: ['hostdev'] })
  })

  test.each([
    ["<stimer state='on'><direct state='on'/></stimer><reset state='on'/>", '', "hyperv 'stimer'"],
    ["<stimer state='on'><direct state='on'/></stimer>", 'hv-stimer', "hyperv stimer 'direct'"],
    ["<tlbflush state='on'><extended state='on'/></tlbflush>", 'hv-tlbflush', "hyperv tlbflush 'extended'"],
    ["<emsr_bitmap state='on'/><xmm_input state='on'/>", '', "hyperv 'emsr_bitmap'"],
    [
      "<relaxed state='on'/><vapic state='on'/><spinlocks state='on' retries='8191'/><reset state='off'/>",
      '',
      undefined,
    ],
  ])('QEMU was told another CPU, without %s', (inner, has, lacking) => {
    const request = parseGuestRequest(parseXml(domain(hyperv(inner))))
    const start = prepareGuest(older, request, startPlaceOf(older, hypervisor))
    const names = older.db.features.list.map(({ name }) => name)
    const { message } = guestAnswer(older, start, { enabled: [...names, has], disabled: [] })
    expect(message).toBe(lacking && `unsupported configuration: host doesn't support ${lacking} feature`)
  })

  test('a mediated device is refused when the guest starts, before a PCI device without a driver of its own', () => {
    const pci = "<hostdev type='pci'><driver name='kvm'/><source/></hostdev>"
    const on = (devices: string, vfio?: boolean) => {
      const xml = domain(`${custom('Nehalem')}<devices>${devices}</devices>`)
      const request = parseGuestRequest(parseXml(xml))
      return guestAnswer(
        older,
        prepareGuest(older, request, startPlaceOf(older, hypervisor, undefined, vfio)),
      )
    }
    const message = 'unsupported configuration: Mediated host device assignment requires VFIO support'
    expect(on(mediated, false)).toMatchObject({ verdict: 'refused', message, argument: 'Nehalem' })
    expect(on(mediated)).toMatchObject({ verdict: 'starts', notLookedAt: ['hostdev'] })
    expect(() => on(pci + mediated, false)).toThrow(message)
    expect(() => on(pci + mediated)).toThrow("invalid PCI passthrough type 'kvm'")
  })

  test('a CPU of QEMU’s arguments is told, and not looked at', () => {
    const line =
      "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:arg value='-cpu'/>" +
      "<qemu:arg value='Penryn,+avx'/></qemu:commandline>"
    const answer = checkDomain(domain(custom('Nehalem') + line))
    expect(answer).toMatchObject({ verdict: 'starts', argument: 'Nehalem', lost: [] })
    expect(answer.live).toBeUndefined()
    expect(answer.remarks).toEqual([expect.stringContaining('-cpu Penryn,+avx')])
    expect(answer.notLookedAt).toEqual(['qemu:commandline'])
  })

  test('more than 255 vCPUs need x2apic, which KVM gives unasked', () => {
    const of = (policy: string, current = '') =>
      `<domain type='kvm'><name>g</name><vcpu${current}>300</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os>${custom('Nehalem', policy)}</domain>`
    expect(checkDomain(of('')).verdict).toBe('starts')
    const off = "<feature name='x2apic' policy='disable'/>"
    const refusal = expect.stringContaining('APIC ID 255 requires x2APIC feature in CPU')
    expect(checkDomain(of(off)).message).toEqual(refusal)
    expect(checkDomain(of(off, " current='256'")).message).toEqual(refusal)
    expect(checkDomain(of(off, " current='255'")).verdict).toBe('starts')
  })

  test('several CPUs in a socket have ht', () => {
    const cpu = (topology: string, chk: string) => custom('Nehalem', topology, ` check='${chk}'`)
    const cores = "<topology sockets='1' cores='2' threads='1'/>"
    const said = (xml: string) => {
      const request = parseGuestRequest(parseXml(domain(xml)))
      return guestAnswer(older, prepareGuest(older, request, startPlaceOf(older, hypervisor)))
    }
    expect(said(cpu(cores, 'full')).message).toContain('extra features: x2apic,hypervisor,ht')
    expect(said(cpu(cores, 'none')).live).toContain("<feature policy='require' name='ht'/>")
    expect(said(cpu('', 'none')).live).not.toContain("name='ht'")
    expect(checkDomain(domain(cpu(cores, 'none'))).live).not.toContain("name='ht'")
  })

  test('what was not looked at is named once', () => {
    const xml = `<memory>1</memory>${custom('Nehalem')}<devices><emulator/><disk/><disk/><interface/></devices>`
    expect(checkDomain(domain(xml)).notLookedAt).toEqual(['memory', 'disk', 'interface'])
  })

  test('a machine type of another QEMU is refused, and the CPU answered apart from it', () => {
    const on = (machine: string) =>
      guestCheck({
        replies: synthesize({ cpu: host('Nehalem Intel +vmx') }),
        domain: `<domain type='kvm'><name>g</name><os><type arch='x86_64' machine='${machine}'>hvm</type></os>${custom('Nehalem')}</domain>`,
      })
    expect(on('pc-q35-rhel9.4.0')).toMatchObject({
      verdict: 'refused',
      message: expect.stringContaining("does not support machine type 'pc-q35-rhel9.4.0'"),
      apart: { machine: 'q35', verdict: 'starts', argument: 'Nehalem' },
    })
    expect(on('q35').apart).toBeUndefined()
  })

  test('all enlightenments that the host has, where QEMU tells of some', () => {
    const xml = domain(features("<hyperv mode='host-model'/>"))
    expect(checkDomain(xml).message).toBe(
      'unsupported configuration: host-model hyperv mode unsupported, no hyperv capabilities found',
    )
    const request = parseGuestRequest(parseXml(xml))
    const { capabilities } = hypervisor
    const kvm = capabilities.accelerators.get('kvm') ?? { machines: [] }
    const hyperv = new Map<string, boolean | number | string>([
      ['hv-relaxed', true],
      ['hv-spinlocks', 4095],
      ['hv-vendor-id', 'Linux KVM Hv'],
      ['hv-emsr-bitmap', true],
      ['hv-evmcs', false],
    ])
    const able = { ...capabilities, accelerators: new Map([['kvm', { ...kvm, hyperv }] as const]) }
    const place = startPlaceOf(context, { ...hypervisor, capabilities: able })
    expect(prepareGuest(context, request, place).argument).toBe(
      'Nehalem,hv-relaxed=on,hv-spinlocks=0xfff,hv-vendor-id=Linux KVM Hv,hv-emsr-bitmap=on',
    )
    expect(() => parseGuestRequest(parseXml(xml), '11.3')).toThrow(
      "XML error: Invalid value for attribute 'mode' in element 'hyperv': 'host-model'.",
    )
  })

  test.each([
    ['', 'missing name information'],
    ['<name/>', 'missing name information'],
    ['<name>a/b</name>', "XML error: name a/b cannot contain '/'"],
  ])('a domain that libvirt does not define for its name: %s', (name, message) => {
    const xml = domain(custom('Nehalem')).replace('<name>g</name>', name)
    expect(checkDomain(xml).message).toBe(message)
  })

  test('more CPUs at once than at most', () => {
    expect(checkDomain(domain(custom('Nehalem'), " current='3'")).message).toBe(
      'unsupported configuration: maximum vCPU count must not be less than current vCPU count',
    )
  })

  test('a host without scaling bounds the TSC, and its address bits a guest', () => {
    const known: HostCpu = {
      ...host('Nehalem Intel +vmx'),
      tsc: { frequency: 2_100_000_000n, scaling: false },
      maxphysaddr: { mode: 'emulate', bits: 40 },
    }
    expect(checkDomain(domain(clock("<timer name='tsc' frequency='2100500000'/>")), known).verdict).toBe(
      'starts',
    )
    expect(checkDomain(domain(clock("<timer name='tsc' frequency='2100600000'/>")), known).message).toContain(
      'Requested TSC frequency 2100600000 Hz is outside tolerance range ([2099475000, 2100525000] Hz)',
    )
    const wide = custom('Nehalem', "<maxphysaddr mode='emulate' bits='41'/>")
    const refused = checkDomain(domain(wide), known)
    expect(refused.message).toContain('address bits cannot exceed')
    expect(refused.remarks).toEqual([expect.stringContaining('leaves it to QEMU')])
  })

  test('what QEMU would end for', () => {
    const clusters = custom('Nehalem', "<topology sockets='1' clusters='2' cores='1' threads='1'/>")
    expect(checkDomain(domain(clusters)).message).toBe(
      "internal error: QEMU unexpectedly closed the monitor (vm='g'): qemu-system-x86_64: clusters > 1 not supported by this machine's CPU topology",
    )
    const narrow = custom('Nehalem', "<maxphysaddr mode='emulate' bits='31'/>")
    expect(checkDomain(domain(narrow)).message).toContain(
      'phys-bits should be between 32 and 52  (but is 31)',
    )
  })
})
