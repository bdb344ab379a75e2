import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as kubernetes from '@kubevirt-ui-ext/kubevirt-api/kubernetes'
import { DaemonSet } from 'kubernetes-models/apps/v1/DaemonSet'
import { Deployment } from 'kubernetes-models/apps/v1/Deployment'
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1/Ingress'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap'
import { Namespace } from 'kubernetes-models/v1/Namespace'
import { Secret } from 'kubernetes-models/v1/Secret'
import { Service } from 'kubernetes-models/v1/Service'
import { beforeAll, describe, expect, test } from 'vitest'
import { loadYaml, parseYaml } from '../../src/formats/yaml.ts'
import { folderOf, runProcess, virtCpu } from '../cli/virt-cpu.ts'
import { needed, notInstalled } from '../needs.ts'

/** What deploy/ gives to Kubernetes and to Compose. */

const DEPLOY = join(import.meta.dirname, '..', '..', 'deploy')

interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

beforeAll(loadYaml)

/** What each kind is checked by: its schema, and what the API keeps of its fields. */
const KINDS: Readonly<
  Record<string, readonly [model: unknown, from: (json: unknown) => unknown, to: (typed: never) => unknown]>
> = {
  ConfigMap: [
    ConfigMap,
    kubernetes.IoK8sApiCoreV1ConfigMapFromJSON,
    kubernetes.IoK8sApiCoreV1ConfigMapToJSON,
  ],
  DaemonSet: [
    DaemonSet,
    kubernetes.IoK8sApiAppsV1DaemonSetFromJSON,
    kubernetes.IoK8sApiAppsV1DaemonSetToJSON,
  ],
  Deployment: [
    Deployment,
    kubernetes.IoK8sApiAppsV1DeploymentFromJSON,
    kubernetes.IoK8sApiAppsV1DeploymentToJSON,
  ],
  Ingress: [
    Ingress,
    kubernetes.IoK8sApiNetworkingV1IngressFromJSON,
    kubernetes.IoK8sApiNetworkingV1IngressToJSON,
  ],
  Namespace: [
    Namespace,
    kubernetes.IoK8sApiCoreV1NamespaceFromJSON,
    kubernetes.IoK8sApiCoreV1NamespaceToJSON,
  ],
  NetworkPolicy: [
    NetworkPolicy,
    kubernetes.IoK8sApiNetworkingV1NetworkPolicyFromJSON,
    kubernetes.IoK8sApiNetworkingV1NetworkPolicyToJSON,
  ],
  PodDisruptionBudget: [
    PodDisruptionBudget,
    kubernetes.IoK8sApiPolicyV1PodDisruptionBudgetFromJSON,
    kubernetes.IoK8sApiPolicyV1PodDisruptionBudgetToJSON,
  ],
  Secret: [Secret, kubernetes.IoK8sApiCoreV1SecretFromJSON, kubernetes.IoK8sApiCoreV1SecretToJSON],
  Service: [Service, kubernetes.IoK8sApiCoreV1ServiceFromJSON, kubernetes.IoK8sApiCoreV1ServiceToJSON],
}

/** What is wrong with a manifest; empty: nothing. */
function faultsOf(manifest: Manifest): string[] {
  const [model, from, to] = KINDS[manifest.kind] ?? []
  if (!model || !from || !to) return [`no schema of ${manifest.kind}`]
  const faults: string[] = []
  try {
    ;new (model as new (given: object) => { validate(): void })(manifest).validate()
  } catch (error) {
    faults.push(String(error))
  }
  // A field that the API does not have is lost on the way.
  const kept = JSON.parse(JSON.stringify(to(from(manifest) as never)))
  for (const path of leaves(manifest)) if (!leaves(kept).includes(path)) faults.push(`lost: ${path}`)
  return faults
}

/** The paths of a value's leaves. */
const leaves = (value: unknown, path = ''): string[] =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0
    ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${path}/${key}`))
    : [path]

/** Holds that a server takes settings, a store among them. */
function expectSettings(yaml: string): void {
  const folder = folderOf({ 'serve.yaml': yaml })
  const given = ['--config', join(folder, 'serve.yaml')]
  const { status, stdout, stderr } = virtCpu(['serve', '--check-config', ...given])
  expect([stderr, status]).toEqual(['', 0])
  expect(stdout).toMatch(/^store: .*postgres:\/\/virt-cpu:.* # .*serve\.yaml: store$/m)
}

interface PodSpec {
  readonly automountServiceAccountToken?: boolean
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean
    readonly seccompProfile?: { readonly type: string }
  }
  readonly volumes?: readonly Readonly<Record<string, unknown>>[]
  readonly containers: readonly {
    readonly resources?: { readonly limits?: { readonly memory?: string } }
    readonly securityContext?: object
    readonly ports?: readonly { readonly name: string }[]
    readonly env?: readonly { readonly name: string; readonly value?: string }[]
  }[]
}

interface Workload extends Manifest {
  readonly spec: {
    readonly replicas?: number
    readonly selector: { readonly matchLabels: object }
    readonly template: { readonly metadata: { readonly labels: object }; readonly spec: PodSpec }
  }
}

/** What Kubernetes' restricted standard asks of pods, and a little more. */
function expectRestricted({ spec }: Workload): void {
  const pod = spec.template.spec
  expect(pod).toMatchObject({
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  })
  for (const name of ['hostPID', 'hostIPC', 'hostNetwork']) expect(pod).not.toHaveProperty(name)
  for (const volume of pod.volumes ?? [])
    expect(['configMap', 'secret', 'emptyDir']).toContain(Object.keys(volume).find(key => key !== 'name'))
  for (const container of pod.containers) {
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect(container.resources?.limits?.memory).toBeDefined()
  }
}

const noKubectl = needed('kubectl', notInstalled('kubectl'))
describe.skipIf(noKubectl)(`Kubernetes (${noKubectl ?? 'installed'})`, () => {
  const built = (folder: string) =>
    parseYaml(
      execFileSync('kubectl', ['kustomize', join(DEPLOY, folder)], { encoding: 'utf8' }),
    ) as unknown as Manifest[]
  const one = <T extends Manifest>(all: readonly Manifest[], kind: string, name = 'virt-cpu') =>
    all.find(manifest => manifest.kind === kind && manifest.metadata.name === name) as T

  test.each(['.', 'agent', 'kubernetes/server', 'kubernetes/with-agent'])(
    'knows every field of %s, and takes its values',
    folder => {
      const manifests = built(folder)
      expect(
        manifests.flatMap(manifest => faultsOf(manifest).map(fault => `${manifest.kind}: ${fault}`)),
      ).toEqual([])
      const workloads = manifests.filter(
        ({ kind }) => kind === 'Deployment' || kind === 'DaemonSet',
      ) as Workload[]
      expect(workloads.length).toBeGreaterThan(0)
      for (const workload of workloads) expectRestricted(workload)
    },
  )

  test('the check finds a wrong value, and a field that there is not', () => {
    const deployment = one<Workload>(built('kubernetes/server'), 'Deployment')
    const { spec } = deployment
    expect(faultsOf({ ...deployment, spec: { ...spec, replicas: 'two' } } as never)).not.toEqual([])
    expect(faultsOf({ ...deployment, spec: { ...spec, replica: 2 } } as never)).toEqual([
      'lost: /spec/replica',
    ])
    const template = {
      ...spec.template,
      spec: { ...spec.template.spec, volumes: [{ name: 'a', hostPath: { path: '/' } }] },
    }
    expect(() => expectRestricted({ ...deployment, spec: { ...spec, template } })).toThrow()
  })

  test('everything of the server is about the same pods', () => {
    const all = built('kubernetes/with-agent')
    expect(
      new Set(all.map(({ kind, metadata }) => (kind === 'Namespace' ? metadata.name : metadata.namespace))),
    ).toEqual(new Set(['virt-cpu']))
    const { spec } = one<Workload>(all, 'Deployment')
    expect(spec.replicas).toBe(2)
    const labels = spec.template.metadata.labels
    const selected = (manifest: unknown, path: readonly string[]) =>
      path.reduce((value, key) => (value as Record<string, unknown>)[key], manifest)
    for (const [kind, ...path] of [
      ['Service', 'spec', 'selector'],
      ['NetworkPolicy', 'spec', 'podSelector', 'matchLabels'],
      ['PodDisruptionBudget', 'spec', 'selector', 'matchLabels'],
    ] as const) {
      const selector = selected(one(all, kind), path)
      expect(labels, kind).toMatchObject(selector as object)
      expect(selector, kind).toEqual(spec.selector.matchLabels)
    }
    const service = one<Manifest & { spec: { ports: { name: string; targetPort: string }[] } }>(
      all,
      'Service',
    )
    const ports = spec.template.spec.containers.flatMap(({ ports: own = [] }) => own.map(({ name }) => name))
    expect(ports).toEqual(service.spec.ports.map(({ targetPort }) => targetPort))
    expect(JSON.stringify(one(all, 'Ingress'))).toContain(
      '"service":{"name":"virt-cpu","port":{"name":"http"}}',
    )
    // Agents may reach the server, by a name that it has.
    const agent = one<Workload>(all, 'DaemonSet', 'virt-cpu-agent')
    const policy = JSON.stringify(one(all, 'NetworkPolicy'))
    expect(policy).toContain(
      JSON.stringify({ podSelector: { matchLabels: agent.spec.template.metadata.labels } }),
    )
    const url = agent.spec.template.spec.containers[0]?.env?.find(
      ({ name }) => name === 'VIRT_CPU_URL',
    )?.value
    const settings = readFileSync(join(DEPLOY, 'kubernetes', 'server', 'settings.env'), 'utf8')
    expect(/^VIRT_CPU_SERVE_NAME=(.*)$/m.exec(settings)?.[1]?.split(' ')).toContain(
      new URL(url ?? '').hostname,
    )
  })

  test('the server takes the settings', () => {
    const text = readFileSync(join(DEPLOY, 'kubernetes', 'server', 'settings.env'), 'utf8')
    const env = Object.fromEntries(
      text
        .trim()
        .split('\n')
        .map(line => line.split(/=(.*)/s).slice(0, 2)),
    )
    const { status, stdout, stderr } = virtCpu(['serve', '--check-config'], { env })
    expect([stderr, status]).toEqual(['', 0])
    for (const name of Object.keys(env)) expect(stdout).toContain(`# ${name}\n`)
  })

  test('the server takes the rules, where they are mounted', () => {
    const rules = join(DEPLOY, 'kubernetes', 'server', 'rules.yaml')
    const { status, stderr } = virtCpu(['serve', '--check-config', '--store', 'x', '--rules', rules])
    expect([stderr, status]).toEqual(['', 0])
    const all = JSON.stringify(built('kubernetes/server'))
    expect(all).toContain('"name":"VIRT_CPU_SERVE_RULES","value":"/etc/virt-cpu-rules/rules.yaml"')
    expect(all).toMatch(/"configMap":\{"name":"virt-cpu-rules-\w+"\}/)
    expect(all).toContain('"mountPath":"/etc/virt-cpu-rules"')
  })

  test('the example of the secret is one, for the file that is mounted', () => {
    const path = join(DEPLOY, 'kubernetes', 'server', 'secret.example.yaml')
    const [secret] = parseYaml(readFileSync(path, 'utf8')) as unknown as (Manifest & {
      stringData: Record<string, string>
    })[]
    if (!secret) throw new Error('no secret')
    expect(faultsOf(secret)).toEqual([])
    expect(Object.keys(secret.stringData)).toEqual(['serve.yaml'])
    expectSettings(secret.stringData['serve.yaml'] ?? '')
    const all = JSON.stringify(built('kubernetes/server'))
    expect(all).toContain(`"secretName":"${secret.metadata.name}"`)
    expect(all).toContain('"value":"/etc/virt-cpu/serve.yaml"')
  })
})

const noCompose = needed('docker-compose', notInstalled('docker-compose'))
describe.skipIf(noCompose)(`Compose (${noCompose ?? 'installed'})`, () => {
  const text = readFileSync(join(DEPLOY, 'compose.yaml'), 'utf8')
  const config = (content: string) => {
    const folder = folderOf({ 'compose.yaml': content })
    return runProcess('docker-compose', ['-f', join(folder, 'compose.yaml'), 'config', '-q'])
  }

  test('takes the file, and refuses what it does not know', () => {
    expect(config(text)).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(config(text.replace('read_only: true', 'read_onyl: true')).stderr).toContain('read_onyl')
  })

  interface Composed {
    readonly user: string
    readonly ports?: readonly string[]
    readonly environment: Readonly<Record<string, string>>
  }

  test('says how the secrets are made, and the server takes them', () => {
    const [, command = ''] = /^# +(printf .*) >secrets\/serve\.yaml$/m.exec(text) ?? []
    const cwd = folderOf({})
    mkdirSync(join(cwd, 'secrets'))
    writeFileSync(join(cwd, 'secrets', 'database-password'), 'abc')
    expectSettings(runProcess('sh', ['-ec', command], { cwd }).stdout)
  })

  test('gives the containers no rights, and no password in the open', () => {
    const [file] = parseYaml(text) as unknown as { services: Record<string, Composed>; networks: object }[]
    const { services = {}, networks } = file ?? {}
    expect(Object.keys(services)).toEqual(['server', 'postgres'])
    for (const service of Object.values(services)) {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        mem_limit: expect.any(String),
        pids_limit: expect.any(Number),
      })
      expect(service.user).toMatch(/^[1-9]\d+:[1-9]\d+$/)
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/)
      expect(JSON.stringify(service.environment)).not.toMatch(/PASSWORD"|TOKEN"|:[^/"]+@/)
    }
    expect(services).toMatchObject({
      server: { depends_on: { postgres: { condition: 'service_healthy' } } },
      postgres: { networks: ['back'], healthcheck: { test: expect.arrayContaining(['pg_isready']) } },
    })
    expect(networks).toMatchObject({ back: { internal: true } })
  })
})

const noShellcheck = needed('shellcheck', notInstalled('shellcheck'))
test.skipIf(noShellcheck)(`shellcheck says nothing of the scripts (${noShellcheck ?? 'installed'})`, () => {
  const scripts = ['image.sh', 'virt-cpu-collect.sh', 'agent/virt-cpu-agent.sh', 'agent/virt-cpu-textfile.sh']
  for (const script of scripts)
    expect(runProcess('shellcheck', ['--shell=sh', join(DEPLOY, script)]).stdout).toBe('')
  const folder = folderOf({})
  writeFileSync(join(folder, 'wrong.sh'), '#!/bin/sh\necho $1\n')
  expect(runProcess('shellcheck', [join(folder, 'wrong.sh')]).status).toBe(1)
})
