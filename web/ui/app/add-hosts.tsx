import { useState } from 'preact/hooks'
import type { Actions } from '../parts/actions.ts'
import { CopyButton } from '../parts/controls.tsx'
import { FileInputs } from '../parts/file-inputs.tsx'
import { Dialog } from './dialog.tsx'

/** Where hosts are, and what to run there to get what is dropped here. */
const COMMANDS = [
  ['everything of some hosts', 'virt-cpu collect root@kvm-01 root@kvm-02 --output hosts'],
  ['over ssh, without an install', 'virt-cpu collect --script | ssh root@kvm-01 sh > kvm-01.txt'],
  ['libvirt', '(virsh capabilities; virsh domcapabilities) > kvm-01.xml'],
  ['Ansible', "ansible kvm -m shell -a 'virsh domcapabilities' > hosts.txt"],
  ['Kubernetes, KubeVirt', 'kubectl get nodes -o json > nodes.json'],
  ['Proxmox VE', 'pvesh get /nodes/NODE/capabilities/qemu/cpu --output-format json > NODE.json'],
  ['any Linux', 'lscpu -J > kvm-01.json'],
] as const

const FORMATS = [
  ['libvirt', 'capabilities, domcapabilities, dumpxml, <cpu> elements'],
  ['the CPU', 'cpuid -r, CPUID and MSR words, AIDA64, InstLatx64, libcpuid, ld.so'],
  ['Linux', '/proc/cpuinfo, lscpu, node_exporter'],
  ['QEMU', '-cpu help, a command line, QMP replies'],
  [
    'platforms',
    'Kubernetes, KubeVirt, Proxmox VE, OpenStack, oVirt, Xen, XCP-ng, vSphere, Incus, OpenNebula',
  ],
  ['fleets', 'fleet.yaml, folders as pools'],
] as const

interface WelcomeProps {
  readonly actions: Actions
  /** Whether a link was opened whose fleet is not here. */
  readonly isLost: boolean
}

/** The page without data: its purpose, and the ways to add hosts. */
export function Welcome({ actions, isLost }: WelcomeProps) {
  return (
    <div class="welcome">
      {isLost && (
        <p class="lost-link" role="alert">
          This link is about a fleet whose files are kept in the browser where it was made, not in the link.
          Add the files here to see it, or ask for the page saved with its fleet.
        </p>
      )}
      <h1>Drop your hosts’ CPU files here to see which CPU their guests can have.</h1>
      <p>
        Drop files or folders anywhere on this page. Subfolders become pools. Everything is computed in this
        browser: no data leaves your machine.
      </p>
      <AddForm actions={actions} done={() => {}} />
      <h2>How to get the files</h2>
      <dl class="commands">
        {COMMANDS.map(([where, command]) => (
          <div key={where}>
            <dt>{where}</dt>
            <dd>
              <code>{command}</code> <CopyButton text={command} what={`the command for ${where}`} />
            </dd>
          </div>
        ))}
      </dl>
      <h2>What is read</h2>
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

/** The dialog that adds hosts to a fleet. */
export const AddDialog = ({ actions, close }: { readonly actions: Actions; readonly close: () => void }) => (
  <Dialog title="Add hosts" onClose={close}>
    {done => <AddForm {...{ actions, done }} />}
  </Dialog>
)

interface AddFormProps {
  readonly actions: Actions
  /** Called after something was added. */
  readonly done: () => void
}

/** The ways to add hosts: choose files or a folder, load the sample fleet, or paste text. */
function AddForm({ actions, done }: AddFormProps) {
  const addSample = () => {
    actions.sample()
    done()
  }
  return (
    <div class="add-form">
      <div class="choices">
        <FileInputs
          add={files => {
            if (files.length > 0) actions.add(files)
            done()
          }}
        />
        <button type="button" onClick={addSample}>
          Show a sample fleet
        </button>
      </div>
      <PasteForm {...{ actions, done }} />
    </div>
  )
}

function PasteForm({ actions, done }: AddFormProps) {
  const [text, setText] = useState('')
  const isEmpty = text.trim() === ''
  return (
    <form
      onSubmit={event => {
        event.preventDefault()
        if (isEmpty) return
        actions.add([{ path: 'pasted', text }], 'pasted text')
        setText('')
        done()
      }}
    >
      <label>
        or paste the output of a command on a host
        <textarea
          rows={4}
          spellcheck={false}
          value={text}
          placeholder="<cpu>…</cpu>"
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </label>
      <button type="submit" disabled={isEmpty}>
        Add
      </button>
    </form>
  )
}
