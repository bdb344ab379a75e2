import { expect, test } from 'vitest'
import { wordsOfLibxml2 } from '../../../src/host/files/libxml2.ts'

const words = (text: string) => wordsOfLibxml2('', Buffer.from(text))

/** As virsh 11.3 prints them for these very files. */
test.each([
  ['a tab stays a tab above the caret', '<cpu\tx/>', ['<container><cpu\tx/></container>', `${d(15)}\t-^`]],
  ['a carriage return ends the line', '<cpu>\n <a/><\r/cpu>', [' <a/><', `${d(6)}^`]],
  ['and begins the next', '<cpu>\n <a>\r</b></cpu>', ['</b></cpu></container>', `${d(4)}^`]],
  ['the end of CDATA, of a text in ASCII', '<cpu>\n  ab ]]></cpu>', ['<container><cpu>', `${d(16)}^`]],
  [
    'the end of CDATA, of another',
    '<cpu>é ]]></cpu>',
    ['<container><cpu>é ]]></cpu></container>', `${d(19)}^`],
  ],
])('%s', async (_, text, [line, caret] = []) => {
  expect((await words(text))?.split('\n').slice(-2)).toEqual([line, caret])
})

test('what libxml2 only warns of is no fault', async () => {
  expect(await words('<cpu><x:a/></cpu>')).toBeUndefined()
  expect(await words('<cpu><x:a></b></cpu>')).toMatch(/^at line 1: Opening and ending tag mismatch/)
})

function d(count: number): string {
  return '-'.repeat(count)
}
