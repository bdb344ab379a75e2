import { execFile, execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadYaml, parseYaml } from '../../src/formats/yaml.ts'
import { folderOf, type Ran, runProcess } from '../cli/virt-cpu.ts'
import { needed, notInstalled } from '../needs.ts'
import { pack, type Registry, registryEnvironment, startRegistry } from './registry.ts'

/** What guards fleets in repositories: the steps of the action, of GitLab's template and of the hook run here, with the packed package. */

const root = join(import.meta.dirname, '..', '..')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const scratch = folderOf({})
let registry: Registry

await loadYaml()
const yaml = <T>(path: string): T => parseYaml(readFileSync(join(root, path), 'utf8'))[0] as T

interface Step {
  readonly id?: string
  readonly if?: string
  readonly uses?: string
  readonly shell?: string
  readonly env?: Readonly<Record<string, string>>
  readonly run?: string
}

interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: string }>>
  readonly outputs: Readonly<Record<string, { readonly value: string }>>
  readonly runs: { readonly using: string; readonly steps: readonly Step[] }
}

type Job = Readonly<Record<string, unknown>> & { readonly script: readonly string[] }

const action = yaml<Action>('deploy/github-action/action.yml')
const { variables, ...jobs } = yaml<
  { variables: Readonly<Record<string, { value: string }>> } & Readonly<Record<string, Job>>
>('deploy/gitlab/virt-cpu.yml')
const [hook] = yaml<readonly { entry: string; args: readonly string[] }[]>('.pre-commit-hooks.yaml')

const scripts = action.runs.steps.flatMap(({ run }) => run ?? [])

beforeAll(async () => {
  registry = await startRegistry(pack(join(scratch, 'packed')))
}, 60_000)
afterAll(() => {
  registry.close()
  rmSync(scratch, { recursive: true, force: true })
})

/** The registry is in this process, which must not wait. */
const run = (program: string, args: readonly string[], cwd: string, env: object = {}): Promise<Ran> =>
  new Promise(done => {
    const all = { ...registryEnvironment(registry, scratch), ...env }
    execFile(program, args, { cwd, env: all, encoding: 'utf8' }, (error, stdout, stderr) =>
      done({ status: error ? Number(error.code) : 0, stdout, stderr }),
    )
  })

const git = (cwd: string, ...args: string[]) =>
  execFileSync(
    'git',
    ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'init.defaultBranch=main', ...args],
    { cwd, encoding: 'utf8' },
  ).trim()

/** A clone of a repository with a fleet, in whose last commit a host is another; with the commit before it. */
function repositoryWith(change: (folder: string) => void) {
  const origin = folderOf({})
  cpSync(join(root, 'examples', 'forty'), origin, { recursive: true })
  cpSync(join(root, 'examples', 'fleet'), join(origin, 'fleet'), { recursive: true })
  git(origin, 'init', '--quiet')
  git(origin, 'add', '.')
  git(origin, 'commit', '--quiet', '-m', 'one')
  const before = git(origin, 'rev-parse', 'HEAD')
  change(origin)
  git(origin, 'add', '.')
  git(origin, 'commit', '--quiet', '--allow-empty', '-m', 'two')
  git(origin, 'config', 'uploadpack.allowAnySHA1InWant', 'true')
  const folder = join(folderOf({}), 'clone')
  git(origin, 'clone', '--quiet', '--depth=1', `file://${origin}`, folder)
  return { folder, before }
}

const loseHost = (folder: string) => rmSync(join(folder, 'fleet', 'ice-01.xml'))

/** Runs the steps of the action as a runner does, those of other actions apart. */
async function runAction(folder: string, inputs: Readonly<Record<string, string>>) {
  const temporary = folderOf({})
  const given = (name: string) => inputs[name] ?? action.inputs[name]?.default ?? ''
  const outputs: Record<string, Record<string, string>> = {}
  let ran: Ran = { status: 0, stdout: '', stderr: '' }
  for (const { id = '', if: condition, env = {}, run: script } of action.runs.steps) {
    const [, input, wanted] = /^inputs\.(\S+) == '(\w+)'$/.exec(condition ?? '') ?? []
    if (script === undefined || (input !== undefined && given(input) !== wanted)) continue
    const values = Object.entries(env).map(([key, value]) => [
      key,
      value.replace(/\$\{\{ (\S+?)\.(\S+?)(?:\.outputs\.(\S+))? \}\}/g, (_, of, name, output) =>
        of === 'inputs' ? given(name) : (outputs[name]?.[output] ?? ''),
      ),
    ])
    const [output, summary] = [join(temporary, `${id}.output`), join(temporary, 'summary.md')]
    writeFileSync(output, '')
    ran = await run('bash', ['--noprofile', '--norc', '-e', '-o', 'pipefail', '-c', script], folder, {
      ...Object.fromEntries(values),
      RUNNER_TEMP: temporary,
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
    })
    const lines = readFileSync(output, 'utf8').split('\n').filter(Boolean)
    outputs[id] = Object.fromEntries(lines.map(line => line.split(/=(.*)/s).slice(0, 2)))
    if (ran.status !== 0) break
  }
  const summary = join(temporary, 'summary.md')
  return {
    ...ran,
    outputs: outputs.run ?? {},
    summary: existsSync(summary) ? readFileSync(summary, 'utf8') : '',
  }
}

describe('the action', () => {
  test('declares what it uses, uses what it declares, and names every other action by its commit', () => {
    const { inputs, outputs, runs } = action
    const text = JSON.stringify(runs)
    const used = new Set(Array.from(text.matchAll(/inputs\.([\w-]+)/g), ([, name]) => name))
    expect([...used].sort()).toEqual(Object.keys(inputs).sort())
    expect(runs.using).toBe('composite')
    for (const { description } of Object.values(inputs)) expect(typeof description).toBe('string')
    for (const { uses, run: script, shell } of runs.steps) {
      if (uses !== undefined) expect(uses).toMatch(/^[\w-]+(?:\/[\w-]+)+@[0-9a-f]{40}$/)
      else expect([typeof script, shell]).toEqual(['string', 'bash'])
    }
    const written = new Set(Array.from(scripts.join('\n').matchAll(/echo "(\w+)=/g), ([, name]) => name))
    for (const { value } of Object.values(outputs))
      expect(written).toContain(/outputs\.(\w+)/.exec(value)?.[1])
    expect(inputs.version?.default).toBe(version)
  })

  test('puts no value into a script', () => {
    for (const script of scripts) expect(script).not.toContain('${{')
  })

  test('check says what the fleet breaks, in the log, the summary and two files', async () => {
    const { folder } = repositoryWith(() => {})
    const { status, stdout, outputs, summary } = await runAction(folder, {})
    expect([status, outputs.status]).toEqual([1, '1'])
    expect(stdout).toMatch(/^failed: 4 of 5 checks/)
    expect(summary).toMatch(/failed: 4 of 5 checks[\s\S]*\| *requirement/)
    expect(readFileSync(outputs.junit ?? '', 'utf8')).toMatch(/^<\?xml[\s\S]*<testsuites/)
    expect(JSON.parse(readFileSync(outputs.sarif ?? '', 'utf8'))).toMatchObject({ version: '2.1.0' })
  })

  test('check takes folders and a fleet file elsewhere', async () => {
    const { folder } = repositoryWith(() => {})
    mkdirSync(join(folder, 'rules'))
    writeFileSync(join(folder, 'rules', 'rules.yaml'), 'requirements:\n- level: x86-64-v4\n')
    const given = { fleet: 'fleet/ice-01.xml\n\nfleet/ice-02.xml\n', rules: 'rules/rules.yaml' }
    const passed = await runAction(folder, { ...given, format: 'json' })
    expect([passed.status, JSON.parse(passed.stdout).passed], passed.stderr).toEqual([0, true])
    expect((await runAction(folder, { ...given, fleet: 'nowhere.xml' })).status).toBe(2)
  })

  test('drift compares with the commit before, which a shallow clone has not', async () => {
    const { folder, before } = repositoryWith(loseHost)
    const lost = await runAction(folder, { command: 'drift', fleet: 'fleet', before })
    expect([lost.status, lost.stdout], lost.stderr).toEqual([1, expect.stringContaining('ice-01.xml')])
    const same = repositoryWith(() => {})
    const kept = await runAction(same.folder, { command: 'drift', fleet: 'fleet', before: same.before })
    expect([kept.status, kept.outputs.status], kept.stderr).toEqual([0, '0'])
  })

  test('says which input is wrong, and runs none of them', async () => {
    const { folder } = repositoryWith(() => {})
    for (const [inputs, said] of [
      [{ command: 'explain' }, "takes check or drift, not 'explain'"],
      [{ format: 'xml' }, "takes text, markdown or json, not 'xml'"],
      [{ command: 'drift', before: '0'.repeat(40) }, "drift needs the input 'before'"],
      [{ command: 'drift', before: '$(touch pwned)' }, "drift needs the input 'before'"],
    ] as const) {
      const { status, stdout } = await runAction(folder, inputs)
      expect([status, stdout]).toEqual([2, expect.stringMatching(/^::error::/)])
      expect(stdout).toContain(said)
    }
    await runAction(folder, { fleet: '$(touch pwned); touch pwned', rules: '`touch pwned`' })
    expect(existsSync(join(folder, 'pwned'))).toBe(false)
  })
})

const noShellcheck = needed('shellcheck', notInstalled('shellcheck'))
test.skipIf(noShellcheck)(`shellcheck says nothing of the steps (${noShellcheck ?? 'installed'})`, () => {
  for (const script of scripts)
    expect(runProcess('shellcheck', ['--shell=bash', '-'], { input: script }).stdout).toBe('')
  for (const { script } of Object.values(jobs).filter(job => job.script))
    expect(runProcess('shellcheck', ['--shell=sh', '-'], { input: script.join('\n') }).stdout).toBe('')
})

describe('the template for GitLab', () => {
  /** The script of a job, as a runner runs it. */
  const runJob = async (name: string, folder: string, given: object = {}) => {
    const values = Object.entries(variables).map(([key, { value }]) => [key, value])
    const ran = await run('sh', ['-ec', (jobs[name]?.script ?? []).join('\n')], folder, {
      ...Object.fromEntries(values),
      ...given,
    })
    const report = join(folder, 'virt-cpu.xml')
    return { ...ran, report: existsSync(report) ? readFileSync(report, 'utf8') : '' }
  }

  test('has two jobs that keep their report', () => {
    expect(Object.keys(jobs)).toEqual(['.virt-cpu', 'virt-cpu-check', 'virt-cpu-drift'])
    expect(jobs['.virt-cpu']).toMatchObject({
      artifacts: { when: 'always', reports: { junit: 'virt-cpu.xml' } },
    })
    for (const job of Object.values(jobs).slice(1)) expect(job.extends).toBe('.virt-cpu')
    expect(variables.VIRT_CPU_VERSION?.value).toBe(version)
    const used = Array.from(JSON.stringify(jobs).matchAll(/\$(VIRT_CPU_\w+)/g), ([, name]) => name)
    expect([...new Set(used)].sort()).toEqual(Object.keys(variables).sort())
  })

  test('check and drift write what a merge request shows', async () => {
    const { folder, before } = repositoryWith(loseHost)
    const check = await runJob('virt-cpu-check', folder)
    expect([check.status, check.report], check.stderr).toEqual([1, expect.stringContaining('<failure')])
    const given = { VIRT_CPU_HOSTS: 'fleet', CI_MERGE_REQUEST_DIFF_BASE_SHA: before }
    const drift = await runJob('virt-cpu-drift', folder, given)
    expect([drift.status, drift.report], drift.stderr).toEqual([1, expect.stringContaining('ice-01')])
  })
})

describe('the hook', () => {
  test('runs the command of this version', async () => {
    expect(hook?.entry).toBe(`npx --yes virt-cpu@${version} check`)
    const { folder } = repositoryWith(() => {})
    const ran = await run('sh', ['-ec', `${hook?.entry} ${hook?.args.join(' ')}`], folder)
    expect([ran.status, ran.stdout]).toEqual([1, expect.stringMatching(/^failed: 4 of 5 checks/)])
  })

  const noPreCommit = notInstalled('pre-commit')
  test.skipIf(noPreCommit)(
    `pre-commit takes it, and fails where the fleet does (${noPreCommit ?? 'installed'})`,
    async () => {
      const hooks = folderOf({ '.pre-commit-hooks.yaml': readFileSync(join(root, '.pre-commit-hooks.yaml')) })
      git(hooks, 'init', '--quiet')
      git(hooks, 'add', '.')
      git(hooks, 'commit', '--quiet', '-m', 'hooks')
      const { folder } = repositoryWith(() => {})
      const config = (args: string) =>
        `repos:\n- repo: ${hooks}\n  rev: ${git(hooks, 'rev-parse', 'HEAD')}\n  hooks: [{ id: virt-cpu-check${args} }]\n`
      const runHook = (args: string) => {
        writeFileSync(join(folder, '.pre-commit-config.yaml'), config(args))
        return run('pre-commit', ['run', '--all-files'], folder, {
          PRE_COMMIT_HOME: join(scratch, 'pre-commit'),
        })
      }
      const failed = await runHook('')
      expect([failed.status, failed.stdout], failed.stderr).toEqual([
        1,
        expect.stringContaining('failed: 4 of 5 checks'),
      ])
      writeFileSync(
        join(folder, 'good.yaml'),
        'hosts:\n- files: fleet/*.xml\nrequirements:\n- level: x86-64-v4\n',
      )
      const passed = await runHook(', args: [good.yaml]')
      expect([passed.status, passed.stdout], passed.stderr).toEqual([
        0,
        expect.stringMatching(/virt-cpu check\.+Passed/),
      ])
    },
  )
})
