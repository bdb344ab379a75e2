import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Look, Report } from '../../src/report/report.ts'

const plain = (width: number): Look => ({ width, paint: text => text })
const loud: Look = { width: 40, paint: (text, tone) => `<${tone}>${text}</${tone}>` }

function sample(): Report {
  const report = new Report()
  report.heading('blue')
  report.line('2 hosts, ', { text: 'x86-64-v2', tone: 'warning' })
  report.table(
    [{ title: 'feature' }, { title: 'hosts', align: 'right' }, { title: 'remedy', wraps: true }],
    [
      ['avx2', '12', 'replace the host or give its generation a pool of its own'],
      ['md_clear', { text: '1', tone: 'bad' }, 'update | microcode'],
    ],
  )
  return report
}

describe('a report', () => {
  test('as text: columns stand below each other, one wraps', () => {
    expect(sample().text(plain(48))).toBe(`blue
2 hosts, x86-64-v2
  feature   hosts  remedy
  avx2         12  replace the host or give its
                   generation a pool of its own
  md_clear      1  update | microcode
`)
  })

  test('colour paints words, not the room between them', () => {
    expect(sample().text(loud)).toContain('  md_clear      <bad>1</bad>  update | microcode\n')
    expect(sample().text(loud)).toContain('2 hosts, <warning>x86-64-v2</warning>\n')
  })

  test('as Markdown, what it would take for its own escaped', () => {
    expect(sample().markdown()).toBe(`## blue

2 hosts, x86-64-v2${'  '}

| feature | hosts | remedy |
| --- | ---: | --- |
| avx2 | 12 | replace the host or give its generation a pool of its own |
| md\\_clear | 1 | update \\| microcode |
`)
  })

  test('no word is lost, whatever the width', () => {
    const word = fc.stringMatching(/^[a-z]{1,12}$/)
    fc.assert(
      fc.property(
        fc.array(fc.array(word, { minLength: 1 }), { minLength: 1 }),
        fc.integer({ min: 10, max: 120 }),
        (rows, width) => {
          const report = new Report()
          report.table(
            [{ title: '' }, { title: '', wraps: true }],
            rows.map(words => ['x', words.join(' ')]),
          )
          const text = report.text(plain(width))
          expect(
            text
              .split(/\s+/)
              .filter(one => one !== '' && one !== 'x')
              .sort(),
          ).toEqual(
            rows
              .flat()
              .filter(one => one !== 'x')
              .sort(),
          )
        },
      ),
    )
  })
})
