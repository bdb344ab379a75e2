import type { ClassedFeature } from '../../shared/displays.ts'

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
