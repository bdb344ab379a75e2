import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  IoK8sApiAppsV1DaemonSetFromJSON as daemonSetOf,
  IoK8sApiAppsV1DaemonSetToJSON as printDaemonSet,
} from '@kubevirt-ui-ext/kubevirt-api/kubernetes'
import { DaemonSet } from 'kubernetes-models/apps/v1/DaemonSet'
import { describe, expect, test } from 'vitest'
import { loadYaml, parseYaml } from '../../src/formats/yaml.ts'
import { folderOf, runProcess } from '../cli/virt-cpu.ts'
import { notInstalled } from '../needs.ts'

/** What deploy/ gives to Ansible and Kubernetes. */

const DEPLOY = join(import.meta.dirname, '..', '..', 'deploy')
const script = readFileSync(join(DEPLOY, 'virt-cpu-collect.sh'), 'utf8')
const role = join('ansible', 'roles', 'virt_cpu_collect')

test('the script of the role and of the config map is the one that collect prints', () => {
  expect(readFileSync(join(DEPLOY, role, 'files', 'virt-cpu-collect.sh'), 'utf8')).toBe(script)
  expect(readFileSync(join(DEPLOY, 'kustomization.yaml'), 'utf8')).toContain('- virt-cpu-collect.sh\n')
})

test('the pods have no rights', async () => {
  await loadYaml()
  const [daemonSet] = parseYaml(readFileSync(join(DEPLOY, 'daemonset.yaml'), 'utf8'))
  const spec = (daemonSet as { spec: { template: { spec: Record<string, unknown> } } }).spec.template.spec
  expect(spec).toMatchObject({
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [{ securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }],
  })
  expect(spec).not.toHaveProperty('hostPID')
  expect(JSON.stringify(spec)).not.toMatch(/hostPath|privileged/)
})

test('Kubernetes knows every field of the pods’ manifest, and takes its values', async () => {
  await loadYaml()
  const [manifest] = parseYaml(readFileSync(join(DEPLOY, 'daemonset.yaml'), 'utf8'))
  const valid = (given: object) =>
    new DaemonSet(given as ConstructorParameters<typeof DaemonSet>[0]).validate()
  const given = manifest as { spec: object }
  expect(() => valid(given)).not.toThrow()
  expect(() => valid({ ...given, spec: { ...given.spec, minReadySeconds: 'soon' } })).toThrow()
  // A field that the API does not have is lost on the way.
  const kept = (one: unknown) => JSON.parse(JSON.stringify(printDaemonSet(daemonSetOf(one))))
  expect(kept(given)).toEqual(given)
  expect(kept({ ...given, spec: { ...given.spec, nodes: 'all' } })).toEqual(given)
})

const noKubectl = notInstalled('kubectl')
test.skipIf(noKubectl)(`kustomize takes it (${noKubectl ?? 'installed'})`, async () => {
  await loadYaml()
  const objects = parseYaml(execFileSync('kubectl', ['kustomize', DEPLOY], { encoding: 'utf8' })) as {
    kind: string
    metadata: { name: string }
    data?: Record<string, string>
  }[]
  expect(objects.map(({ kind }) => kind)).toEqual(['ConfigMap', 'DaemonSet'])
  expect(objects[0]?.data).toEqual({ 'virt-cpu-collect.sh': script })
  expect(JSON.stringify(objects[1])).toContain(`"name":"${objects[0]?.metadata.name}"`)
})

const noKubeconform = notInstalled('kubeconform')
test.skipIf(noKubeconform)(`kubeconform takes it (${noKubeconform ?? 'installed'})`, () => {
  expect(runProcess('kubeconform', ['-strict', join(DEPLOY, 'daemonset.yaml')]).status).toBe(0)
})

const noAnsible = notInstalled('ansible-lint', 'ansible-playbook')
describe.skipIf(noAnsible)(`Ansible (${noAnsible ?? 'installed'})`, () => {
  /** A copy, because Ansible leaves files beside what it runs. */
  const copy = () => {
    const folder = folderOf({})
    cpSync(DEPLOY, join(folder, 'deploy'), { recursive: true, verbatimSymlinks: true })
    return join(folder, 'deploy', 'ansible')
  }
  const env = { ANSIBLE_NOCOLOR: '1', HOME: folderOf({}), ANSIBLE_LOCALHOST_WARNING: 'false' }

  test('ansible-lint has nothing to say', () => {
    const { status, stdout } = runProcess(
      'ansible-lint',
      ['--offline', '-q', 'collect.yml', 'agent.yml', 'roles'],
      {
        cwd: copy(),
        env,
      },
    )
    expect([stdout, status]).toEqual(['', 0])
  })

  test('the play keeps a report of each host', () => {
    const cwd = copy()
    mkdirSync(join(cwd, 'hosts'))
    const args = ['-i', 'n1,', '-c', 'local', 'collect.yml', '-e', 'virt_cpu_collect_guests=false']
    const { status, stdout } = runProcess('ansible-playbook', args, { cwd, env })
    expect(status, stdout).toBe(0)
    const report = readFileSync(join(cwd, 'hosts', 'n1.txt'), 'utf8')
    expect(report).toMatch(/^\[virt-cpu-collect\] 1\n\[host\]\n\|name: n1\n/)
    expect(report).toMatch(/\n\[end\] \d+\n+$/)
  })

  const noMounts =
    process.getuid?.() !== 0 || runProcess('unshare', ['--mount', 'true']).status !== 0
      ? 'mounts are not allowed here'
      : undefined
  test.skipIf(noMounts)(`the play installs the agent and starts its timer (${noMounts ?? 'allowed'})`, () => {
    const folder = folderOf({ 'setup.sh': OTHER_ETC, systemctl: SYSTEMCTL })
    const play = ['ansible-playbook', '-i', 'n1,', '-c', 'local', 'agent.yml', '-e', 'ansible_become=false']
    const values = { url: 'https://cpu.example.org', token: 'secret-token', pool: 'milan' }
    const given = Object.entries(values).flatMap(([name, value]) => ['-e', `virt_cpu_agent_${name}=${value}`])
    const run = (...args: string[]) =>
      runProcess(
        'unshare',
        ['--mount', '--propagation', 'private', 'sh', '-e', join(folder, 'setup.sh'), folder, ...args],
        {
          cwd: copy(),
          env,
        },
      )
    const { status, stdout } = run(...play, ...given)
    expect(status, stdout).toBe(0)
    expect(stdout.split('== after\n')[0]).not.toContain('secret-token')
    expect(stdout).toContain(
      'VIRT_CPU_URL="https://cpu.example.org"\nVIRT_CPU_NAME="n1"\nVIRT_CPU_POOL="milan"\n',
    )
    expect(stdout).toContain('600 /etc/virt-cpu/token\n')
    expect(stdout).toContain('755 /usr/local/bin/virt-cpu-agent\n')
    expect(stdout).toContain('systemctl enable virt-cpu-agent.timer\n')
    expect(stdout).toMatch(/systemctl .*start virt-cpu-agent.service\n/)
    const without = run(...play, ...given.slice(0, 2))
    expect(without.status).not.toBe(0)
    expect(without.stdout).toContain('virt_cpu_agent_token')
  })
})

/** Runs a command with an /etc and a /usr/local/bin that are forgotten, and prints what is in them then. */
const OTHER_ETC = `
folder=$1; shift
mkdir "$folder/layer" 2>/dev/null || :
mount -t tmpfs tmpfs "$folder/layer"
mkdir "$folder/layer/upper" "$folder/layer/work"
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$folder/layer/upper,workdir=$folder/layer/work" /etc
mount -t tmpfs tmpfs /usr/local/bin
install -m 755 "$folder/systemctl" /usr/local/bin/systemctl
PATH=/usr/local/bin:$PATH "$@"
echo '== after'
cat /etc/virt-cpu/agent.env /usr/local/bin/log
stat -c '%a %n' /etc/virt-cpu/token /usr/local/bin/virt-cpu-agent
`

/** A systemctl that only writes down what it was asked. */
const SYSTEMCTL = `#!/bin/sh
echo "systemctl $*" >>/usr/local/bin/log
case " $* " in
  *' show '*) printf 'LoadState=loaded\\nActiveState=inactive\\nSubState=dead\\n' ;;
  *' is-enabled '*) echo disabled; exit 1 ;;
esac
`
