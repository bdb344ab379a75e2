import { expect, test } from 'vitest'
import { guestScore, hostScore, isBetter } from '../../../src/arch/x86/decode.ts'

/** libvirt's count in words: from the front while the index is below n, and every disable found takes one off n. */
function counted(required: number, disabled: number): { total: number; disabled: number } {
  let [n, penalty, next, total] = [required + disabled, 0, 2, required + disabled]
  for (let i = 0; i < n; i++) {
    if (i < required) continue
    n--
    total--
    penalty += next++
  }
  return { total: total + penalty, disabled: penalty }
}

test('the closed form is the loop, for all shorter than 40 and 80', () => {
  for (let required = 0; required < 40; required++) {
    for (let disabled = 0; disabled < 80; disabled++) {
      expect(guestScore(required, disabled)).toEqual(counted(required, disabled))
    }
  }
})

test.each([
  [0, 0, 0, 0],
  [0, 1, 2, 2],
  [0, 2, 3, 2],
  [0, 3, 6, 5],
  [0, 4, 7, 5],
  // An Opteron 2350 on Opteron_G4, _G3, _G2 and phenom.
  [12, 10, 37, 20],
  [14, 2, 17, 2],
  [18, 1, 20, 2],
  [16, 1, 18, 2],
])('%i required, %i disabled: %i, of which %i', (required, disabled, total, penalty) => {
  expect(guestScore(required, disabled)).toEqual({ total, disabled: penalty })
})

test('a host disables nothing', () => {
  expect(hostScore(7)).toEqual({ total: 7, disabled: 0 })
})

test.each([
  [{ total: 1, disabled: 2 }, { total: 2, disabled: 0 }, true],
  [{ total: 2, disabled: 0 }, { total: 2, disabled: 2 }, true],
  [{ total: 2, disabled: 2 }, { total: 2, disabled: 2 }, false],
  [{ total: 2, disabled: 2 }, { total: 2, disabled: 0 }, false],
  [{ total: 3, disabled: 0 }, { total: 2, disabled: 2 }, false],
])('%o is better than %o: %s', (a, b, better) => {
  expect(isBetter(a, b)).toBe(better)
})
