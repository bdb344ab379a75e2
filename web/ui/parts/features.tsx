import type { ClassedFeature, RemedyRow } from '../../shared/displays.ts'

/** Features as rows: name, CPUID position, title. */
export function FeatureList({ list }: { readonly list: readonly ClassedFeature[] }) {
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

/** What is missing, by what remedies it. */
export function RemedyList({ list }: { readonly list: readonly RemedyRow[] }) {
  return list.map(({ remedy, cause, features, others = [] }) => (
    <div key={cause + remedy}>
      {others.map(text => (
        <p key={text}>{text}</p>
      ))}
      <p class="remedy">{[cause, remedy].filter(Boolean).join(': ')}</p>
      <FeatureList list={features} />
    </div>
  ))
}

/** The classes of features, most important first. */
const CLASSES = [
  'security',
  'performance',
  'virtualization',
  'nested',
  'platform',
  'volatile',
  'unknown',
] as const

/** Features by class, most important class first; classes without features are left out. */
export const sectionByClass = <T extends { readonly class: string }>(list: readonly T[]): [string, T[]][] =>
  CLASSES.map(name => [name, list.filter(one => one.class === name)] as [string, T[]]).filter(
    ([, of]) => of.length > 0,
  )
