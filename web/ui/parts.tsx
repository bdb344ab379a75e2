import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { FeatureAnswer } from '../shared/answers.ts'

/** A view's finding, in words: the page's heading and the window's title. */
export function Finding({
  title,
  children,
}: {
  readonly title: string | undefined
  readonly children?: ComponentChildren
}) {
  useEffect(() => {
    if (title) document.title = `${title} · virt-cpu`
  }, [title])
  return (
    <header class="finding">
      <h1>{title === undefined ? '\u00a0' : title.split(/(?<= )/).map(whole)}</h1>
      {children && <p>{children}</p>}
    </header>
  )
}

/** Names with hyphens stay in one piece. */
const whole = (word: string, i: number) =>
  /\S-\S/.test(word) ? (
    <span class="whole" key={i}>
      {word}
    </span>
  ) : (
    word
  )

export const plural = (n: number, noun: string): string => `${figure(n)} ${noun}${n === 1 ? '' : 's'}`

/** `12 345`: digits in threes, by thin spaces. */
export const figure = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, '\u2009')

/** Copies text, and says that it did. */
export function Copy({ text, what }: { readonly text: string; readonly what: string }) {
  const [done, setDone] = useState(false)
  const copy = async () => {
    await write(text)
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

/** The clipboard may be closed to a page from a file: then the old way. */
async function write(text: string): Promise<void> {
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

/** Features as rows: name, place, title. */
export function Features({ list }: { readonly list: readonly FeatureAnswer[] }) {
  return (
    <ul class="features">
      {list.map(({ feature, place, title, class: kind }) => (
        <li key={feature}>
          <code class={kind === 'security' ? 'name security' : 'name'}>{feature}</code>
          <code class="place">{place}</code>
          <span class="title">{title}</span>
        </li>
      ))}
    </ul>
  )
}

/** Class by class, in the order of what they are worth to most. */
const CLASSES = [
  'security',
  'performance',
  'virtualization',
  'nested',
  'platform',
  'volatile',
  'unknown',
] as const

export const byClass = <T extends { readonly class: string }>(list: readonly T[]): [string, T[]][] =>
  CLASSES.map(name => [name, list.filter(one => one.class === name)] as [string, T[]]).filter(
    ([, of]) => of.length > 0,
  )

/** A switch that is on or off. */
export function Toggle(props: {
  readonly on: boolean
  readonly set: (on: boolean) => void
  readonly children: ComponentChildren
}) {
  return (
    <label class="toggle">
      <input
        type="checkbox"
        checked={props.on}
        onChange={({ currentTarget }) => props.set(currentTarget.checked)}
      />
      <span>{props.children}</span>
    </label>
  )
}
