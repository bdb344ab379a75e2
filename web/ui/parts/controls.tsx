import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'

interface ToggleProps {
  readonly on: boolean
  readonly set: (on: boolean) => void
  readonly children: ComponentChildren
}

/** A checkbox with its label. */
export function Toggle({ on, set, children }: ToggleProps) {
  return (
    <label class="toggle">
      <input type="checkbox" checked={on} onChange={({ currentTarget }) => set(currentTarget.checked)} />
      <span>{children}</span>
    </label>
  )
}

/** Copies text to the clipboard and confirms it. @param what the name of the text, for screen readers */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const [done, setDone] = useState(false)
  const copy = async () => {
    await writeClipboard(text)
    setDone(true)
    setTimeout(() => setDone(false), 1600)
  }
  return (
    <button type="button" class="copy" onClick={() => void copy()}>
      <span aria-hidden="true">{done ? 'Copied' : 'Copy'}</span>
      <span class="unseen" role="status">
        {done ? `${what} copied` : ''}
      </span>
      <span class="unseen">{`Copy ${what}`}</span>
    </button>
  )
}

/** Browsers may deny the clipboard API to a page opened from a file: then `execCommand` is used. */
async function writeClipboard(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    const area = document.createElement('textarea')
    area.value = text
    document.body.append(area)
    area.select()
    document.execCommand('copy')
    area.remove()
  }
}
