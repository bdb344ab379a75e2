import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { expect, test } from 'vitest'

const folder = join(import.meta.dirname, '../.github/ISSUE_TEMPLATE')
const forms = readdirSync(folder).filter(name => name !== 'config.yml')

interface Field {
  readonly type: string
  readonly id?: string
  readonly attributes: { readonly label?: string; readonly value?: string }
}

interface Form {
  readonly name: string
  readonly description: string
  readonly labels: readonly string[]
  readonly body: readonly Field[]
}

const formOf = (name: string) => load(readFileSync(join(folder, name), 'utf8')) as Form

test('there is a form for each kind of issue', () => {
  const names = forms.map(name => formOf(name).name)
  expect(names).toEqual(['Wrong answer', 'A format that is not read', 'Bug', 'Wish'])
})

test.each(forms)('%s is a form that GitHub takes', name => {
  const { body, description, labels } = formOf(name)
  expect(description).not.toBe('')
  expect(labels).toHaveLength(1)
  const ids = body.flatMap(({ id }) => id ?? [])
  expect(new Set(ids).size).toBe(ids.length)
  for (const { type, id, attributes } of body) {
    expect(['markdown', 'textarea', 'input', 'checkboxes']).toContain(type)
    if (type === 'markdown') expect(attributes.value).toBeTruthy()
    else expect([id, attributes.label], name).toEqual([expect.any(String), expect.any(String)])
  }
})

test.each(['SECURITY.md', 'CODE_OF_CONDUCT.md'])('%s names no address that nobody reads', name => {
  expect(readFileSync(join(folder, '../..', name), 'utf8')).not.toMatch(/\S+@\S+/)
})
