import { Ways } from './add-dialog.tsx'
import type { Deeds } from './app.tsx'

const FORMATS = [
  ['virsh', 'capabilities, domcapabilities, dumpxml, <cpu> elements'],
  ['cpuid', 'cpuid -r, cpuid -1r'],
  ['reports', 'AIDA64, InstLatx64, libcpuid'],
  ['JSON', 'CPUID and MSR words, as virt-cpu batch takes them'],
] as const

/** What the page is for, and every way to begin. */
export function Welcome({ deeds }: { readonly deeds: Deeds }) {
  return (
    <div class="welcome">
      <h1>Drop your hosts’ CPU files. See what their guests may have.</h1>
      <p>
        Files or folders, anywhere on this page; a folder’s subfolders are pools. Everything is computed here:
        nothing leaves this machine.
      </p>
      <Ways deeds={deeds} done={() => {}} />
      <dl class="formats">
        {FORMATS.map(([name, what]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </div>
  )
}
