import { expect, test } from 'vitest'
import { formatData } from '../../src/map/text/format.ts'
import { TEXTS } from './texts.ts'

const files: Readonly<Record<string, string>> = {
  'features.txt': TEXTS.features,
  ...TEXTS.models,
  'walk.txt': TEXTS.walk,
  'names.txt': TEXTS.names ?? '',
  'deps.txt': TEXTS.deps ?? '',
}

test.each(Object.entries(files))('%s is as the formatter writes it', (name, text) => {
  expect(formatData(text, name)).toBe(text)
  expect(text.split('\n').filter(line => line.length > 100)).toEqual([])
})

/** Blanks taken out or put in come back where they were. */
test.each(Object.entries(files).filter(([name]) => name.startsWith('models/')))(
  '%s finds its form again',
  (name, text) => {
    const loose = text.replace(/^([^#\n]*[^#\s]) {2,}(?=[^#\s])/gm, '$1 ')
    expect(formatData(loose, name)).toBe(text)
  },
)

test('columns', () => {
  expect(formatData('model m\n v1 = p - a + b # why\n  v2 + c\n', 'models/m.txt')).toBe(
    'model m\n  v1 = p  - a  + b  # why\n  v2      + c\n',
  )
  expect(formatData('word 1.ecx =  x\n 1 a & p x\n 12 long & sx y', 'features.txt')).toBe(
    'word 1.ecx = x\n    1  a     &  p   x\n   12  long  &  sx  y\n',
  )
})

test('long deltas wrap under their sign', () => {
  const many = Array.from({ length: 20 }, (_, i) => `feature-${i}`).join(' ')
  const lines = formatData(`model m\n  v1 - a + ${many} # why`, 'models/m.txt').split('\n')
  expect(lines.slice(0, 3)).toEqual(['model m', '  v1  # why', '      - a'])
  expect(lines.every(line => line.length <= 100)).toBe(true)
})
