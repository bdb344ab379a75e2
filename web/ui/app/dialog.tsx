import terms from 'docs:glossary'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

interface DialogProps {
  readonly title: string
  /** Called when it is closed, by whatever means. */
  readonly onClose: () => void
  /** @param close closes it, which gives the focus back to what had it */
  readonly children: (close: () => void) => ComponentChildren
}

/** A dialog over the page. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  const close = () => dialog.current?.close()
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={onClose}>
      <h2 id="dialog-title">{title}</h2>
      {children(close)}
      <button type="button" class="quiet" onClick={close}>
        Close
      </button>
    </dialog>
  )
}

/** What the page's words mean. */
export const Glossary = ({ onClose }: Pick<DialogProps, 'onClose'>) => (
  <Dialog title="Words" onClose={onClose}>
    {() => (
      <dl class="formats">
        {Object.entries(terms).map(([term, meaning]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    )}
  </Dialog>
)
