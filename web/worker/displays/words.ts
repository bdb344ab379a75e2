import type { Signature } from '../../../src/core/model.ts'

/** A sentence as a title. A name at its beginning keeps its case. */
export const capitalize = (name: string, words: string): string =>
  name === '' ? words.charAt(0).toUpperCase() + words.slice(1) : name + words

/** As manuals write family and model: `06_6AH, stepping 6`. */
export const describeSignature = ({ family, model, stepping }: Signature): string =>
  `${hexadecimal(family)}_${hexadecimal(model)}H, stepping ${stepping}`

const hexadecimal = (number: number): string => number.toString(16).toUpperCase().padStart(2, '0')
