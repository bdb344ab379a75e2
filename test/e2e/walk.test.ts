import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { folderOf, runProcess } from '../cli/virt-cpu.ts'
import { needed, notInstalled } from '../needs.ts'
import { commandsOf, notPrinted, type PageCommand } from '../page-commands.ts'
import { freshLocal, type Machine, whyNoContainer } from './container.ts'
import { NOT_RUN, READERS } from './readers.ts'
import { pages, type Step, walk } from './walk.ts'

/** Every command that README, CONTRIBUTING and docs show, as it is printed, where nothing is but what they say. */

const root = join(import.meta.dirname, '..', '..')
const PAGES = pages(root)
  .map(page => ({ page, commands: commandsOf(readFileSync(join(root, page), 'utf8')) }))
  .filter(({ commands }) => commands.length > 0)

const exceptionOf = (page: string, { text, heading }: PageCommand) =>
  NOT_RUN.find(
    one =>
      one.page === page &&
      (one.command.startsWith('## ') ? heading === one.command.slice(3) : text.startsWith(one.command)),
  )
const isRun = (page: string) => (command: PageCommand) => !exceptionOf(page, command)

test('every exception is one of a command, and what runs that instead does', () => {
  const all = PAGES.flatMap(({ page, commands }) => commands.map(command => exceptionOf(page, command)))
  expect(NOT_RUN.filter(one => !all.includes(one))).toEqual([])
  const instead = NOT_RUN.filter(({ runBy }) => runBy)
  const runs = ({ runBy: [file, words] = ['', ''] }: (typeof NOT_RUN)[number]) =>
    readFileSync(join(root, file), 'utf8').includes(words)
  expect(instead.filter(one => !runs(one))).toEqual([])
})

test('every reader is one of a page', () => {
  expect(Object.keys(READERS).filter(name => !PAGES.some(({ page }) => page === name))).toEqual([])
})

const programs = Object.values(READERS).flatMap(reader => reader.programs ?? [])
const why = needed('a bare machine', whyNoContainer() ?? notInstalled('git', ...programs))
describe.skipIf(why)(`in a bare machine (${why ?? 'allowed'})`, () => {
  const checkout = folderOf({})
  const installed = freshLocal()
  let tarball = ''

  beforeAll(() => {
    execFileSync('sh', ['-c', `git ls-files -z | tar --null -T - -c | tar -x -C '${checkout}'`], {
      cwd: root,
    })
    const options = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folderOf({})]
    tarball = join(options.at(-1) ?? '', runProcess('npm', options, { cwd: root }).stdout.trim())
    const inventory = commandsOf(readFileSync(join(root, 'docs', 'install.md'), 'utf8'))
    const [first] = walk({ ...machineOf('docs/install.md'), local: installed }, inventory.slice(0, 1))
    expect(first).toMatchObject({ status: 0 })
  })

  /** What the page's reader sits at. */
  function machineOf(page: string): Machine {
    const { inCheckout, programs = [], own = {} } = READERS[page] ?? {}
    const commands = PAGES.find(one => one.page === page)?.commands ?? []
    const installs = commands.some(({ text }) => /\bnpx virt-cpu\b|\bnpm install\b/.test(text))
    return {
      local: installs ? freshLocal() : installed,
      work: inCheckout ? checkout : folderOf({}),
      checkout,
      tarball,
      programs,
      own,
    }
  }

  /** The files that pages' examples name are had as docs/install.md says. */
  const examples = (page: string) =>
    READERS[page]?.inCheckout
      ? ''
      : `[ ! -d "$(npm root -g)/virt-cpu" ] || cp -r "$(npm root -g)/virt-cpu/examples" .\n`

  describe.each(PAGES.filter(({ page, commands }) => commands.some(isRun(page))))(
    '$page',
    ({ page, commands }) => {
      let steps: Step[] = []
      beforeAll(() => {
        const { setup = '' } = READERS[page] ?? {}
        steps = walk(machineOf(page), commands.filter(isRun(page)), examples(page) + setup)
      })

      test.each(commands.filter(isRun(page)))('line $line: $text', command => {
        const step = steps.find(one => one.command === command)
        expect(step && whatIsWrong(step)).toBe('')
      })
    },
  )
})

/** Commands whose status is 1 where the answer is no. */
const SAYS_NO = /\bvirt-cpu (?:audit|check|cpu-compare|doctor|drain|drift|fits|guest check|migrate|what-if)\b/

/** All commands succeed, but for those that say no. What a page shows, they print. */
function whatIsWrong({ command, status, stdout, stderr }: Step): string {
  const no = status === 1 && SAYS_NO.test(command.text) && !stderr.includes('error:')
  const isShown = command.shown.some(line => line.includes('"error"'))
  const refused = /\bcurl\b/.test(command.text) && stdout.startsWith('{"error":') && !isShown
  if ((status !== 0 && !no) || refused)
    return `status ${status}: ${stdout.slice(0, 1000)}\n${stderr.slice(-1000)}`
  return notPrinted(command.shown, `${stdout}\n${stderr}`)
    .map(line => `not printed: ${line}\n`)
    .join('')
}
