import type { FileProblem } from '../../../shared/displays.ts'
import { formatCount } from '../../parts/text.ts'

interface FileProblemsProps {
  readonly list: readonly FileProblem[]
  /** Whether the notes are open. */
  readonly open: boolean
}

const MAX_ERRORS = 50
const MAX_NOTES = 200

/** The files that could not be used, and notes on the others. */
export function FileProblems({ list, open }: FileProblemsProps) {
  const errors = list.filter(({ kind }) => kind === 'error')
  const notes = list.filter(({ kind }) => kind === 'note')
  return (
    <>
      {errors.length > 0 && (
        <section class="problems" aria-labelledby="problems">
          <h2 id="problems">{formatCount(errors.length, 'file')} could not be used</h2>
          <ul>
            {errors.slice(0, MAX_ERRORS).map(({ source, text }) => (
              <li key={source}>
                <b>{source}</b>
                <pre>{text}</pre>
              </li>
            ))}
          </ul>
          {errors.length > MAX_ERRORS && <p>and {errors.length - MAX_ERRORS} more</p>}
        </section>
      )}
      {notes.length > 0 && (
        <details class="notes" open={open}>
          <summary>{formatCount(notes.length, 'note')} about the files</summary>
          <ul>
            {notes.slice(0, MAX_NOTES).map(({ source, text }) => (
              <li key={source + text}>
                <b>{source}</b> {text}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  )
}
