import SCRIPT from '../../../deploy/virt-cpu-collect.sh'
import type { SshHost } from './inventory.ts'

/** A program and what it is given. */
export interface Program {
  readonly name: string
  readonly args: readonly string[]
  /** What it reads from standard input; absent: nothing. */
  readonly input?: string | undefined
}

/** Something that can be asked: a host, a libvirt, a cluster. */
export interface Target {
  /** What answers call it. */
  readonly name: string
  /** What its file is called. */
  readonly file: string
  /** What to run; the next one where the first says that it does not have what it was asked for. */
  readonly programs: readonly Program[]
  /** What of a program's output is kept; undefined: it is not what was asked for. */
  readonly kept: (stdout: string, status: number | undefined) => string | undefined
  /** What a program may say without a loss, where the next one answers; absent: each says all. */
  readonly expected?: RegExp
  /** Whether the words of a program that failed say that trying again may help. */
  readonly mayPass: (status: number | undefined) => boolean
}

/** How hosts are reached, and what is asked there. */
export interface SshOptions {
  /** Another configuration of ssh's than the user's own. */
  readonly config?: string | undefined
  readonly sudo: boolean
  readonly guests: boolean
}

/** How long ssh waits for a connection, in seconds, and how often it looks whether the host is still there. */
const PATIENCE = ['ConnectTimeout=15', 'ServerAliveInterval=10', 'ServerAliveCountMax=3']

/** Asks nothing and forwards nothing. */
const QUIET = ['BatchMode=yes', 'ForwardAgent=no', 'ForwardX11=no', 'PermitLocalCommand=no', ...PATIENCE]

/** A host over ssh: the script goes in by standard input, its report comes out. */
export function sshTarget(host: SshHost, { config, sudo, guests }: SshOptions): Target {
  const { name } = host
  const shell = `${sudo || host.sudo ? 'sudo -n ' : ''}sh -s --${guests ? '' : ' --no-guests'}`
  const args = [...sshArguments(host, config), shell]
  return {
    name,
    file: `${fileOf(name.replace(/^[^@/]*@/, ''))}.txt`,
    programs: [{ name: 'ssh', args, input: SCRIPT }],
    kept: reportIn,
    // ssh's own status: it did not come to the host, or lost it. A report that is cut was lost on the way.
    mayPass: status => status === 255 || status === 0,
  }
}

/** What ssh is given before what is to run on a host. */
export const sshArguments = ({ destination, port, key }: SshHost, config?: string): string[] => [
  '-T',
  ...(config === undefined ? [] : ['-F', config]),
  ...QUIET.flatMap(option => ['-o', option]),
  ...(port === undefined ? [] : ['-p', port]),
  ...(key === undefined ? [] : ['-i', key]),
  '--',
  destination,
]

/** The libvirt at a URI, by the system's virsh. */
export const virshTarget = (uri: string, guests: boolean): Target => ({
  name: uri,
  file: `${fileOf(/^[\w+]+:\/\/(?:[^@/]*@)?([^/:?]+)/.exec(uri)?.[1] ?? 'libvirt')}.txt`,
  programs: [
    { name: 'sh', args: ['-s', '--', '--virsh', uri, ...(guests ? [] : ['--no-guests'])], input: SCRIPT },
  ],
  kept: stdout => {
    const report = reportIn(stdout)
    return report !== undefined && /^\[\/capabilities\] 0$/m.test(report) ? report : undefined
  },
  mayPass: () => false,
})

/** A cluster's nodes and virtual machines, by the system's kubectl; of one without KubeVirt the nodes alone. */
export function kubectlTarget(context: string | undefined, guests: boolean): Target {
  const base = [...(context === undefined ? [] : ['--context', context]), '--request-timeout=60s', 'get']
  const programs = ['nodes,virtualmachineinstances', 'nodes']
    .slice(guests ? 0 : 1)
    .map(what => ({ name: 'kubectl', args: [...base, what, '--all-namespaces', '-o', 'json'] }))
  return {
    name: context ?? 'kubectl',
    file: `${fileOf(context ?? 'kubernetes')}.json`,
    programs,
    // Where it is refused or comes to no server, kubectl prints a list all the same: an empty one, or what it was given.
    kept: (stdout, status) =>
      status === 0 && /^\s*\{[\s\S]*\}\s*$/.test(stdout) && !NO_ITEM.test(stdout) ? stdout : undefined,
    expected: /doesn't have a resource type/,
    mayPass: () => false,
  }
}

/** A list of Kubernetes with nothing in it. */
export const NO_ITEM = /^\s*\{[^[\]]*"items": *\[\s*\]/

/** The script as it is. */
export const collectScript = (): string => SCRIPT

/** A name as a file may be called. */
const fileOf = (name: string): string => name.replace(/[^\w.-]+/g, '_').replace(/^[.-]+/, '_')

/** The report in what a host printed, without its greetings; undefined: it is not whole. */
const reportIn = (stdout: string): string | undefined =>
  /^\[virt-cpu-collect\] \d+\n[\s\S]*^\[end\] \d+\n/m.exec(stdout.replaceAll('\r\n', '\n'))?.[0]
