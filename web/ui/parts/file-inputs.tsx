import type { AddedFile } from '../../shared/protocol.ts'
import { filesOfList } from './files.ts'

/** Two buttons that let files, or a folder of them, be chosen. */
export function FileInputs({ add }: { readonly add: (files: readonly AddedFile[]) => void }) {
  return ['Choose files', 'Choose a folder'].map((text, i) => (
    <label key={text} class={i === 0 ? 'button strong' : 'button'}>
      {text}
      <input
        class="unseen"
        type="file"
        multiple
        {...{ webkitdirectory: i > 0 }}
        onChange={({ currentTarget }) => {
          add(filesOfList(currentTarget.files ?? []))
          currentTarget.value = ''
        }}
      />
    </label>
  ))
}
