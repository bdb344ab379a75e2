import { internalError, LibvirtError } from '../../core/libvirt-error.ts'
import type { SignatureMatch } from '../../core/signature.ts'
import { children, type Element } from '../../xml/element.ts'

/** The `<signature>` elements of a model. @throws LibvirtError */
export function readMapSignatures(element: Element, model: string): SignatureMatch[] {
  return children(element, 'signature').map(({ attributes }) => {
    const family = parseDecimal(attributes.family)
    if (!family) throw internalError(`Invalid CPU signature family in model ${model}`)
    const number = parseDecimal(attributes.model)
    if (number === undefined) throw internalError(`Invalid CPU signature model in model ${model}`)
    const steppings = attributes.stepping
    const match = { family, model: number }
    return steppings === undefined ? match : { ...match, steppings: parseSteppings(steppings) }
  })
}

function parseDecimal(text = ''): number | undefined {
  const digits = /^[ \t\n\v\f\r]*\+?(\d+)$/.exec(text)?.[1]
  return digits && Number(digits) <= 0xffff_ffff ? Number(digits) : undefined
}

/** libvirt's bitmap syntax, `0-4,7,^2`, as a mask of bits 0 to 15; a later item overrides an earlier one. */
function parseSteppings(text: string): number {
  let mask = 0
  for (const item of text.split(',')) {
    const [, not, from, to] = /^ *(\^)?(\d+)(?:-(\d+))? *$/.exec(item) ?? []
    const [low, high] = [Number(from ?? Number.NaN), Number(to ?? from)]
    if (!(low <= high && high <= 15) || (not && to))
      throw new LibvirtError('invalid-arg', `Failed to parse bitmap '${text}'`)
    for (let stepping = low; stepping <= high; stepping++) {
      mask = not ? mask & ~(1 << stepping) : mask | (1 << stepping)
    }
  }
  return mask
}
