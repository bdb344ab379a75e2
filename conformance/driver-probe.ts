import * as operations from '../src/arch/operations.ts'
import type { Cpu } from '../src/core/cpu.ts'
import { parseCpu } from '../src/formats/libvirt/parse-cpu.ts'
import { printCpu } from '../src/formats/libvirt/print-cpu.ts'
import { answerCompare } from '../src/questions/compare/compute.ts'
import type { Context } from '../src/questions/context.ts'
import { parseXml } from '../src/xml/reader.ts'
import type { DataFolder } from './data.ts'
import { outcome } from './outcome.ts'
import { Family } from './report.ts'

/** Lines about the machine that recorded them (an x86 host, whose libvirt detects no ARM), and what it logged. */
const NOT_OURS = [/^(?:x86_64|aarch64|armv7l) getHost /, /^\d{4}-\d\d-\d\d .*: (?:info|warning) : /]

/** The hosts on which the recorded updates were made; the last update of each architecture had none. */
const HOSTS: Readonly<Record<string, string>> = {
  ppc64: '<cpu><arch>ppc64</arch><model>POWER8</model><vendor>IBM</vendor></cpu>',
  aarch64:
    "<cpu><arch>aarch64</arch><model>Neoverse-N1</model><vendor>ARM</vendor><feature name='fp'/></cpu>",
  s390x: "<cpu><arch>s390x</arch><model>gen15a</model><feature name='vx'/></cpu>",
  riscv64: '<cpu><arch>riscv64</arch><model>rv64</model></cpu>',
  loongarch64: '<cpu><arch>loongarch64</arch><model>la464</model></cpu>',
}

/** What libvirt's drivers answered to every operation, line by line. */
export function driverProbe(context: Context, data: DataFolder): Family {
  const family = new Family('drivers, operation by operation')
  const lines = data.text('cross-arch-driver-probe.log').split('\n')
  const probe = new Probe(context)
  for (const line of lines.filter(text => text !== '' && text !== '  checkmode 0 True')) {
    if (NOT_OURS.some(pattern => pattern.test(line))) family.skip()
    else family.check(line.replace(/ => .*/, ''), probe.reproduce(line), line)
  }
  return family
}

class Probe {
  readonly #context: Context
  /** The architecture whose guest of mode host-model was updated on its host: the next time there is none. */
  #updated = ''

  constructor(context: Context) {
    this.#context = context
  }

  /** The line as our answers make it. */
  reproduce(line: string): string {
    const question = line.split(' => ')[0] ?? ''
    const [arch = '', word = ''] = question.split(' ')
    if (word === '|') return `${question} => ${this.#compare(arch, question)}`
    if (/ vendor /.test(line)) return `${arch} ${word} vendor ${this.#vendor(arch, word)}`
    if (word === 'getHost') return this.#getHost(arch)
    const xml = question.slice(question.indexOf(word) + word.length + 1)
    return `${question} => ${this.#operation(arch, word, xml)}`
  }

  #compare(arch: string, question: string): string {
    const [, host = '', cpu = ''] = question.split(' | ')
    return outcome(() => {
      const given = host === 'None' ? { arch, type: 'host' as const, features: [] } : cpuOf(host)
      const { result, message } = answerCompare(this.#context, { ...given, arch }, cpuOf(cpu))
      const name = result.toUpperCase()
      return `${name} / fail: ${message === undefined ? name : `ERROR:${message}`}`
    }).replace(/^(?!IDENTICAL|SUPERSET|INCOMPATIBLE)(.*)$/, 'ERROR:$1 / fail: ERROR:$1')
  }

  #operation(arch: string, word: string, xml: string): string {
    const { map } = this.#context
    const onlyThis = new Map([['OnlyThis', []]])
    const made = (cpu: () => Cpu) => outcome(() => `0 ${oneLine(cpu())}`).replace(/^(?!0 )/, '-1 ')
    switch (word) {
      case 'update':
        return made(() => operations.updateCpu(map, arch, cpuOf(xml), this.#host(arch, xml)))
      case 'legacy':
        return made(() => operations.convertLegacy(map, arch, cpuOf(xml)))
      case 'translate':
        return made(() => operations.translate(map, arch, cpuOf(xml), onlyThis))
      case 'expand':
        return made(() => operations.expandModel(map, arch, cpuOf(xml)))
      case 'copymig':
        return oneLine(operations.makeMigratable(map, arch, cpuOf(xml)))
      case 'validate':
        return outcome(() => {
          operations.checkGuestFeatures(map, arch, cpuOf(xml))
          return '0 '
        }).replace(/^(?!0 )/, '-1 ')
      case 'checkFeature': {
        const cpu = cpuOf('<cpu><model>M</model></cpu>')
        return `-1 ${outcome(() => String(operations.hasFeature(map, arch, cpu, xml)))}`
      }
      default:
        return `no such operation: ${word}`
    }
  }

  #host(arch: string, xml: string): Cpu | undefined {
    const isPlain = xml === '<cpu mode="host-model"/>'
    const again = isPlain && this.#updated === arch
    if (isPlain) this.#updated = arch
    return again ? undefined : cpuOf(HOSTS[arch] ?? '')
  }

  #vendor(arch: string, model: string): string {
    const vendor = operations.vendorOfModel(this.#context.map, arch, model)
    return vendor === undefined ? 'None' : `b'${vendor}'`
  }

  /** The recording machine was no such host, and all registers read as zero. */
  #getHost(arch: string): string {
    const error = outcome(() => oneLine(operations.detect(this.#context.map, arch, new Map())))
    return `${arch} getHost False b'${error}' supported ${arch === 'ppc64' ? 'True' : 'False'}`
  }
}

const cpuOf = (xml: string): Cpu => parseCpu(parseXml(xml), 'auto')
const oneLine = (cpu: Cpu): string => printCpu(cpu).replaceAll('\n', '')
