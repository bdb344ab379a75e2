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

// The page's build puts this file in the place of their readers.
export {
  blocks as terraform,
  checker as spectreMeltdownChecker,
  decoded as cpuidDecoded,
  dmesg as freebsd,
  vagrantfile as vagrant,
}
