import { useEffect, useRef, useState } from 'preact/hooks'
import type { Deeds } from './app.tsx'
import { filesOfList } from './files.ts'

/** Choosing files, a folder, the sample, or pasting. */
export function Ways({ deeds, done }: { readonly deeds: Deeds; readonly done: () => void }) {
  const [text, setText] = useState('')
  const take = (input: HTMLInputElement) => {
    if (input.files && input.files.length > 0) deeds.add(filesOfList(input.files))
    input.value = ''
    done()
  }
  return (
    <div class="ways">
      <div class="choices">
        <label class="button strong">
          Choose files
          <input class="unseen" type="file" multiple onChange={({ currentTarget }) => take(currentTarget)} />
        </label>
        <label class="button">
          Choose a folder
          <input
            class="unseen"
            type="file"
            multiple
            {...{ webkitdirectory: true }}
            onChange={({ currentTarget }) => take(currentTarget)}
          />
        </label>
        <button
          type="button"
          onClick={() => {
            deeds.sample()
            done()
          }}
        >
          Show a sample fleet
        </button>
      </div>
      <form
        onSubmit={event => {
          event.preventDefault()
          if (text.trim() === '') return
          deeds.add([{ path: 'pasted', text }], 'what was pasted')
          setText('')
          done()
        }}
      >
        <label>
          or paste what a host said
          <textarea
            rows={4}
            spellcheck={false}
            value={text}
            placeholder="<cpu>…</cpu>"
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={text.trim() === ''}>
          Add
        </button>
      </form>
    </div>
  )
}

export function AddDialog({ deeds, close }: { readonly deeds: Deeds; readonly close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} class="add" aria-labelledby="add-title" onClose={close}>
      <h2 id="add-title">Add hosts</h2>
      <Ways deeds={deeds} done={() => dialog.current?.close()} />
      <form method="dialog">
        <button type="submit" class="quiet">
          Close
        </button>
      </form>
    </dialog>
  )
}
