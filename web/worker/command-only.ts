import { ParseError } from '../../src/core/parse-error.ts'
import type { Dialect } from '../../src/formats/found.ts'

/** A dialect that the page knows and does not read: its reader takes more room than it is used. */
const commandOnly = (name: string, title: string, mark: RegExp): Dialect => ({
  name,
  title,
  sniff: text => mark.test(text),
  read: (_text, source) => {
    throw new ParseError(
      `${title}, which the command alone reads: \`virt-cpu convert\` makes XML of it`,
      source,
    )
  },
})

const decoded = commandOnly(
  'cpuid-decoded',
  'cpuid or cpuid -1, decoded',
  /^[ \t]+(?:version information \(1\/eax\)|feature information \(1\/e[cd]x\)):/m,
)

const blocks = commandOnly(
  'terraform',
  'Terraform or Packer',
  /\b(?:libvirt_domain|proxmox_virtual_environment_vm|proxmox_vm_qemu)"|^source "qemu"/m,
)

const vagrantfile = commandOnly('vagrantfile', 'a Vagrantfile', /^[ \t]*Vagrant\.configure\b/m)

const dmesg = commandOnly('freebsd-dmesg', 'FreeBSD dmesg', /^[ \t]*Features ?= ?0x/m)

const checker = commandOnly(
  'spectre-meltdown-checker',
  'spectre-meltdown-checker --batch json',
  /^\s*\{[\s\S]*"capabilities"\s*:\s*\{[\s\S]*"cve"\s*:/,
)

const firecrackerCpu = commandOnly(
  'firecracker',
  'Firecracker fingerprint or CPU template (cpu-template-helper)',
  /^\s*\{[\s\S]*"(?:cpuid_modifiers|msr_modifiers|reg_modifiers|guest_cpu_config)"\s*:/,
)

const cloudHypervisorLog = commandOnly(
  'cloud-hypervisor',
  'Cloud Hypervisor: Detected incompatible CPUID entry',
  /Detected incompatible CPUID entry: leaf=/,
)

const instance = commandOnly(
  'ganeti',
  'gnt-instance info, or cpu_type of Ganeti’s KVM',
  /^[ \t-]*cpu_type:[ \t]*\S/m,
)

const agent = commandOnly(
  'cloudstack',
  'CloudStack agent.properties',
  /^[ \t]*guest\.cpu\.(?:mode|model|features)[ \t]*[=:]/m,
)

const tables = commandOnly(
  'osquery',
  'osquery: the tables cpuid and system_info as JSON',
  /^\s*[[{][\s\S]*"(?:output_register|cpu_brand)"\s*:/,
)

const domain = commandOnly(
  'xl-cpuid',
  'xl.cfg with cpuid=',
  /^[ \t]*(?:cpuid\s*=\s*(?:\[|["']\s*host\b|["']0x)|["']?host,[\w.+-]+=[01xks]\b)/m,
)

const machine = commandOnly(
  'vmx',
  'a VMX file',
  /^[ \t]*(?:cpuid\.[0-9a-f]+\.e[abcd]x(?:\.amd)?|featMask\.vm\.cpuid\.\w+|virtualHW\.version)\s*=\s*"/im,
)

// The page's build puts this file in the place of their readers.
export {
  agent as cloudStack,
  blocks as terraform,
  checker as spectreMeltdownChecker,
  cloudHypervisorLog as cloudHypervisor,
  decoded as cpuidDecoded,
  dmesg as freebsd,
  domain as xlCpuid,
  firecrackerCpu as firecracker,
  instance as ganeti,
  machine as vmx,
  tables as osquery,
  vagrantfile as vagrant,
}
