import { SSH, XDG_OPEN } from './stand-ins.ts'

/** What the reader of a page has, beside Node, npm and a minimal Debian, and virt-cpu where the page does not install it. */
interface Reader {
  /** Works in a checkout; else in a folder with the examples of the package. */
  readonly inCheckout?: true
  /** Programs that the page names. */
  readonly programs?: readonly string[]
  /** Programs that stand in for what cannot be here. */
  readonly own?: Readonly<Record<string, string>>
  /** A script that makes the reader's own files and servers. */
  readonly setup?: string
}

/** A server behind https://cpu.example.org, which wants a token. */
const SERVER_ELSEWHERE = `
openssl req -x509 -newkey rsa:2048 -nodes -keyout /tmp/key -out /tmp/cert -days 1 -subj /CN=cpu.example.org \\
  -addext subjectAltName=DNS:cpu.example.org 2>/dev/null
virt-cpu serve --new-token hosts=report >/tmp/new
grep ^vc_ /tmp/new >token
VIRT_CPU_SERVE_TOKEN=$(sed -n 's/^token: .*"\\(.*\\)".*/\\1/p' /tmp/new) virt-cpu serve --port 443 --name cpu.example.org \\
  --tls-cert /tmp/cert --tls-key /tmp/key --store /var/lib/cpu >/tmp/served 2>&1 &
until grep -q serves /tmp/served; do sleep 0.1; done
export NODE_EXTRA_CA_CERTS=/tmp/cert
`

/** What it is asked to do is not done. */
const NOTHING = '#!/bin/sh\necho "$0 $*"\n'

export const READERS: Readonly<Record<string, Reader>> = {
  'docs/cli.md': { programs: ['curl'] },
  'docs/collect.md': {
    programs: ['openssl'],
    own: { ssh: SSH },
    setup: `${SERVER_ELSEWHERE}echo 'all: { hosts: { kvm-05: { ansible_user: root } } }' >inventory.yaml`,
  },
  'docs/doctor.md': {
    own: { journalctl: '#!/bin/sh\necho "libvirtd: internal error: Unknown CPU model sandybridge"\n' },
    setup: 'cp -r examples/fleet hosts; cp examples/guests/web.xml .',
  },
  'docs/domcapabilities.md': { programs: ['qemu-system-x86_64'] },
  'docs/install.md': {
    programs: ['kubectl'],
    setup: 'cp ~/checkout/test/corpus/platforms/kubevirt-nodes.json nodes.json',
  },
  'docs/operations.md': {
    inCheckout: true,
    programs: ['curl'],
    own: { ssh: SSH, 'xdg-open': XDG_OPEN, systemctl: NOTHING, journalctl: NOTHING },
    setup: 'mkdir /etc/virt-cpu; echo vc_token >/etc/virt-cpu/token',
  },
  'docs/page.md': { own: { 'xdg-open': XDG_OPEN } },
  'docs/serve.md': {
    programs: ['curl', 'git'],
    setup: `echo 'requirements: [{ name: alike, same-microcode: true }]' >rules.yaml; echo secret >secret`,
  },
}

interface NotRun {
  readonly page: string
  /** How it begins; a heading (`## …`) stands for all below it. */
  readonly command: string
  readonly why: string
  /** The file that does the same elsewhere, and words of it. */
  readonly runBy?: readonly [file: string, words: string]
}

const notRun = (
  page: string,
  why: string,
  runBy: NotRun['runBy'],
  ...commands: readonly string[]
): NotRun[] => commands.map(command => ({ page, why, command, ...(runBy && { runBy }) }))

/** Commands that cannot run in a bare machine: all there are. */
export const NOT_RUN: readonly NotRun[] = [
  ...notRun(
    'docs/performance.md',
    'minutes, on a machine with nothing else to do',
    undefined,
    'npm run bench',
    'scripts/with-postgres.sh',
    'node scripts/run-ts.mjs bench/',
  ),
  ...notRun('README.md', 'minutes', ['.ci/run', 'npm ci && npm test'], 'npm ci && npm test'),
  ...notRun('CONTRIBUTING.md', 'minutes', ['.ci/run', 'npm ci && npm test'], 'npm ci && npm test'),
  ...notRun(
    'CONTRIBUTING.md',
    'a minute',
    ['.ci/run', 'npm run --silent types'],
    'npm run lint && npm run types',
  ),
  ...notRun(
    'CONTRIBUTING.md',
    'README has it',
    ['README.md', 'npm run build && node dist/cli.cjs'],
    'npm run build',
  ),
  ...notRun('CONTRIBUTING.md', 'it is this', ['.ci/run', 'npm run --silent test:real'], 'npm run test:real'),
  ...notRun('CONTRIBUTING.md', 'an hour', undefined, 'npm run test:long'),
  ...notRun(
    'CONTRIBUTING.md',
    'minutes, beside a libvirtd',
    ['test/e2e/differential.test.ts', 'differential'],
    'npm run differential',
  ),
  ...notRun('CONTRIBUTING.md', 'as long as one likes', undefined, 'npm run fuzz'),
  ...notRun('CONTRIBUTING.md', 'minutes', ['test/mutation.test.ts', 'mutant'], 'npm run mutation'),
  ...notRun('docs/mutation.md', 'minutes', ['test/mutation.test.ts', 'mutant'], 'npm run mutation'),
  ...notRun('docs/install.md', 'a cluster', ['test/e2e/collect.test.ts', '--kubectl'], 'kubectl get nodes'),
  ...notRun(
    'docs/collect.md',
    'a libvirt and a cluster',
    ['test/e2e/collect.test.ts', '--kubectl'],
    'virt-cpu collect --virsh',
  ),
  ...notRun(
    'docs/domcapabilities.md',
    '/dev/kvm',
    ['test/e2e/domcapabilities.test.ts', 'kvm'],
    'virt-cpu domcapabilities --virttype kvm',
  ),
  ...notRun(
    'docs/operations.md',
    'an image',
    ['test/e2e/image.test.ts', "commandsUnder('With a container')"],
    'sh deploy/image.sh image',
    'docker run',
    'mkdir hosts && ssh',
  ),
  ...notRun(
    'docs/operations.md',
    'hosts with systemd',
    ['test/e2e/deploy.test.ts', "'agent.yml'"],
    'ansible-playbook',
  ),
  ...notRun(
    'docs/operations.md',
    'a cluster',
    ['test/e2e/manifests.test.ts', 'kubectl'],
    'kubectl create secret',
  ),
  ...notRun(
    'docs/operations.md',
    'a PostgreSQL with a replica',
    ['test/e2e/scaling.test.ts', 'pg_basebackup'],
    'pg_basebackup',
    'postgres -D',
    'virt-cpu serve --store postgres:',
  ),
  ...notRun(
    'docs/operations.md',
    'a PostgreSQL',
    ['test/e2e/scaling.test.ts', 'partition-history.sql'],
    'psql -1',
  ),
  ...notRun(
    'docs/operations.md',
    'an inventory to keep',
    ['test/e2e/backup.test.ts', "commandsUnder('A folder')"],
    'tar -C',
    'mkdir -m 700 restored',
  ),
  ...notRun(
    'docs/operations.md',
    'a PostgreSQL',
    ['test/e2e/backup.test.ts', "commandsUnder('PostgreSQL')"],
    'pg_dump',
    'pg_restore',
  ),
  ...notRun(
    'docs/operations.md',
    'two inventories',
    ['test/e2e/backup.test.ts', "commandsUnder('Export and import')"],
    'virt-cpu inventory',
  ),
  ...notRun(
    'docs/serve.md',
    'a second server',
    ['test/e2e/serve-inventory.test.ts', 'format=ndjson'],
    "curl -s 'localhost:8680/v1/hosts?format=ndjson'",
  ),
  ...notRun(
    'docs/serve.md',
    'an alert',
    ['test/http/inventory-contract.ts', 'message/rfc822'],
    "curl -s -H 'Accept: message/rfc822'",
  ),
  ...notRun(
    'docs/start/README.md',
    "hosts of the reader's own",
    ['test/e2e/collect.test.ts', 'ssh'],
    '## With your own hosts',
  ),
  ...notRun(
    'docs/start/kubevirt.md',
    'a cluster',
    ['test/e2e/collect.test.ts', '--kubectl'],
    '## Your cluster',
  ),
  ...notRun('docs/start/nova-ovirt.md', 'OpenStack and oVirt', undefined, '## Your hosts'),
  ...notRun('docs/start/proxmox.md', 'Proxmox VE', undefined, '## Your nodes'),
  ...notRun(
    'docs/start/virsh.md',
    'a libvirt',
    ['test/e2e/capabilities.test.ts', 'capabilities'],
    '## Your hosts',
  ),
  ...notRun('docs/start/xen.md', 'a pool of XCP-ng or Xen', undefined, '## Your pool'),
  ...notRun('docs/updating.md', 'README has it', ['README.md', 'npm run build'], 'npm run build'),
  ...notRun(
    'docs/updating.md',
    'minutes',
    ['.ci/run', 'npm ci && npm test'],
    'npm run check:data && npm test',
  ),
  ...notRun(
    'docs/updating.md',
    "Debian's next release, from the network",
    undefined,
    'scripts/with-libvirt.sh',
    'node scripts/run-ts.mjs scripts/propose-update.ts',
    'npm run conformance',
    'npm run differential',
  ),
  ...notRun(
    'docs/verify.md',
    'QEMU on two hosts',
    ['test/e2e/verify-peers.test.ts', "'--peer'"],
    'virt-cpu verify guest.xml',
    'virt-cpu verify --fleet',
  ),
]
