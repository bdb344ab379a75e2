import type { FieldOption } from './options-of.ts'
import { UsageError } from './spec.ts'

/** How the constraints of a plan are given as options. */
export const PLAN_FIELDS: Readonly<Record<string, FieldOption>> = {
  level: { value: 'level', words: ['v1', 'v2', 'v3', 'v4'] },
  mustHave: { value: 'features', commas: true },
  vendors: { value: 'how' },
  pin: { value: 'label=host,…', read: readPins },
}

/** `label=host,host label=host` as hosts by label. @throws UsageError */
function readPins(texts: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const pins: Record<string, readonly string[]> = {}
  for (const pin of texts.flatMap(text => text.split(/\s+/)).filter(Boolean)) {
    const [, label = '', patterns = ''] = /^([^=]+)=(.+)$/.exec(pin) ?? []
    if (label === '') throw new UsageError(`--pin takes LABEL=HOST,…, not '${pin}'`)
    pins[label] = [...(pins[label] ?? []), ...patterns.split(',')]
  }
  return pins
}
