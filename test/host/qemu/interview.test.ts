import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Dialogue } from '../../../src/arch/dialogue.ts'
import { askFirstRun, askSecondRun } from '../../../src/host/qemu/interview.ts'
import { parseRecording, type QmpRecording } from '../../../src/qemu/qmp/conversation.ts'
import type { QmpCommand } from '../../../src/qemu/qmp/reply.ts'
import { NO_REFERENCE, reference } from '../../reference.ts'

const folder = reference('libvirt-11.3', 'tests', 'qemucapabilitiesdata')
const key = (command: QmpCommand): string => JSON.stringify([command.execute, command.arguments ?? {}])
const NO_ANSWER = { error: { class: 'CommandNotFound', desc: 'not recorded' } }

/** Puts an interview to a recorded run; answers what was asked. */
function put<T>(interview: Dialogue<T, QmpCommand>, run: QmpRecording['runs'][number]) {
  const answers = new Map(run.map(({ command, reply }) => [key(command), reply]))
  const asked: string[] = []
  let step = interview.next()
  while (!step.done) {
    asked.push(key(step.value))
    step = interview.next(answers.get(asked.at(-1) ?? '') ?? NO_ANSWER)
  }
  return { found: step.value, asked }
}

/** What libvirt asks and we do not: types that the binary does not list have no properties to tell. */
const refused = (run: QmpRecording['runs'][number]): Set<string> =>
  new Set(run.filter(({ reply }) => 'error' in reply).map(({ command }) => key(command)))

describe.skipIf(!folder)(`asks what libvirt asks (${folder ? 'reference data' : NO_REFERENCE})`, () => {
  const files = folder ? readdirSync(folder).filter(name => /replies$/.test(name)) : []
  const native = files.filter(name => !/hvf|armv7l|riscv64|_ppc\.|sparc/.test(name))

  test.each(native)('%s', name => {
    const { runs } = parseRecording(readFileSync(join(folder ?? '', name), 'utf8'), name)
    const [first = [], second = []] = runs
    const one = put(askFirstRun(), first)
    const silent = refused(first)
    const theirs = first.map(({ command }) => key(command)).filter(command => !silent.has(command))
    expect(new Set(theirs.filter(command => !one.asked.includes(command)))).toEqual(new Set())
    const unasked = one.asked.filter(command => !theirs.includes(command) && !silent.has(command))
    expect(unasked).toEqual([])
    expect(one.found.accelerator).toBe('kvm')
    const two = put(askSecondRun(one.found), second)
    expect(two.asked).toEqual(second.map(({ command }) => key(command)))
  })
})

const speaks = (answers: Readonly<Record<string, unknown>>, interview: Dialogue<unknown, QmpCommand>) => {
  const asked: string[] = []
  let step = interview.next()
  while (!step.done) {
    asked.push(step.value.execute)
    const answer = answers[step.value.execute]
    step = interview.next(answer === undefined ? NO_ANSWER : { return: answer })
  }
  return asked
}

test('a QEMU that answers nothing is asked all the same', () => {
  expect(speaks({}, askFirstRun())).toContain('query-machines')
})

test.each(['x86_64', 'i386'])('%s is asked what a guest could have that never migrates', target => {
  const known = [{ 'meta-type': 'command', name: 'query-cpu-model-expansion' }]
  const answers: Readonly<Record<string, unknown>> = {
    'query-target': { arch: target },
    'query-qmp-schema': known,
  }
  const run = askFirstRun()
  const asked: QmpCommand[] = []
  let step = run.next()
  while (!step.done) {
    asked.push(step.value)
    step = run.next({ return: answers[step.value.execute] ?? [] })
  }
  const expansions = asked.flatMap(({ execute, arguments: given }) =>
    execute === 'query-cpu-model-expansion' && given?.type === 'static' ? [given.model] : [],
  )
  expect(expansions).toEqual([{ name: 'host' }, { name: 'host', props: { migratable: false } }])
})
