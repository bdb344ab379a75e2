import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'

interface HeadlineProps {
  /** Undefined while the worker computes it. */
  readonly title: string | undefined
  readonly children?: ComponentChildren
}

/** The result of a view in one sentence: the page's heading and the window's title. */
export function Headline({ title, children }: HeadlineProps) {
  useEffect(() => {
    if (title) document.title = `${title} · virt-cpu`
  }, [title])
  return (
    <header class="headline">
      <h1>{title === undefined ? '\u00a0' : title.split(/( )/).map(keepWhole)}</h1>
      {children && <p>{children}</p>}
    </header>
  )
}

/** Prevents a line break within a name that has hyphens. */
const keepWhole = (word: string, i: number) =>
  /\S-\S/.test(word) ? (
    <span class="whole" key={i}>
      {word}
    </span>
  ) : (
    word
  )
