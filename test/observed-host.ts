import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cpu } from '../src/core/cpu.ts'
import { parseCpu } from '../src/formats/libvirt/parse-cpu.ts'
import type { QemuCapabilities } from '../src/qemu/capabilities.ts'
import { parseRecording } from '../src/qemu/qmp/conversation.ts'
import { readQemuCapabilities } from '../src/qemu/qmp/read-capabilities.ts'
import { child } from '../src/xml/element.ts'
import { parseXml } from '../src/xml/reader.ts'

interface Asked {
  readonly request: object
  readonly return?: { readonly model?: { readonly props: Record<string, unknown> } }
}

/** The host on which virsh was observed: what its QEMU said, put together to a conversation, and what libvirt saw. */
export function observedHost(folder: string): {
  readonly capabilities: QemuCapabilities
  readonly host: Cpu
} {
  const read = (name: string): Asked => JSON.parse(readFileSync(join(folder, 'qmp', `${name}.json`), 'utf8'))
  const unmigratable = (accelerator: string, model: string): Asked => {
    const known = read(`${accelerator}-none-expand-static-${model}`)
    const more = read(`${accelerator}-none-expand-full-max-migratable`).return?.model?.props ?? {}
    const props = { ...known.return?.model?.props, invtsc: more.invtsc }
    const asked = { type: 'static', model: { name: model, props: { migratable: false } } }
    return {
      request: { execute: 'query-cpu-model-expansion', arguments: asked },
      return: { model: { props } },
    }
  }
  const expansions = (accelerator: string, model: string) => [
    read(`${accelerator}-none-expand-static-${model}`),
    unmigratable(accelerator, model),
  ]
  const begin: Asked = { request: { execute: 'qmp_capabilities' }, return: {} }
  const target = { request: { execute: 'query-target' }, return: { arch: 'x86_64' } } as Asked
  const runs = [
    [
      begin,
      read('tcg-none-query-version'),
      target,
      read('kvm-none-query-kvm'),
      read('tcg-none-query-machines'),
    ],
    [read('kvm-none-query-cpu-definitions'), ...expansions('kvm', 'host')],
    [
      begin,
      read('tcg-none-query-cpu-definitions'),
      ...expansions('tcg', 'max'),
      read('tcg-none-query-machines'),
    ],
  ]
  const named = (asked: Asked): Asked => {
    const model = asked.return?.model
    return model ? { ...asked, return: { model: { name: 'base', ...model } as never } } : asked
  }
  const text = runs
    .flat()
    .map(asked => JSON.stringify(named(asked)))
    .join('\n')
  const xml = parseXml(readFileSync(join(folder, 'capabilities.xml'), 'utf8'))
  const cpu = child(child(xml, 'host') ?? xml, 'cpu')
  return {
    capabilities: readQemuCapabilities(parseRecording(text, 'observed')),
    host: { ...parseCpu(cpu, 'host'), detected: true },
  }
}

/** A guest that was started there, and what came of it. */
export interface ObservedStart {
  readonly virttype: string
  readonly cpu: string
  readonly vcpus: string
  readonly arch: string
  readonly machine: string
  /** libvirt's error; absent: the guest started. */
  readonly error?: string
  /** The running guest's CPU. */
  readonly live?: string
  /** QEMU's argument; absent: it was not started. */
  readonly argument?: string
}

export function observedStarts(folder: string): ObservedStart[] {
  return ['', '2', '3'].flatMap(n => {
    const path = join(folder, `domain-start-matrix${n}.log`)
    if (!existsSync(path)) return []
    const cases = readFileSync(path, 'utf8').split(/^### /m).slice(1)
    return cases.map(observedStart)
  })
}

function observedStart(text: string): ObservedStart {
  const [head = '', ...rest] = text.split('\n')
  const [, virttype = '', cpu = '', vcpus = '', arch = '', machine = ''] =
    /^type=(\S+) (.*?) ?vcpu=(\S+) arch=(\S+) machine=(\S+)/.exec(head) ?? []
  const body = rest.join('\n')
  const error = /^ERR: error: Failed to create domain from case.xml \| error: (.*)$/m.exec(body)?.[1]
  const argument = /^ARG: -cpu \['(.*)'\]$/m.exec(body)?.[1]
  const live = /^ {2}<cpu(?:[^\n]*\/>|[\s\S]*?\n {2}<\/cpu>)\n/m.exec(body)?.[0].replace(/^ {2}/gm, '')
  return {
    virttype,
    cpu,
    vcpus,
    arch,
    machine,
    ...(error && { error }),
    ...(argument && { argument }),
    ...(live && { live }),
  }
}
