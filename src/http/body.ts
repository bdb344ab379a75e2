import { Refused } from './refused.ts'

/**
 * A request's body as text, whether its length was told or it comes in chunks; empty where there is none.
 * @throws Refused where it has more than `most` bytes, as soon as that is known
 */
export async function bodyOf(request: Request, most: number): Promise<string> {
  if (Number(request.headers.get('content-length')) > most) throw tooLarge(most)
  const reader = request.body?.getReader()
  if (!reader) return ''
  const decoder = new TextDecoder()
  const texts: string[] = []
  let size = 0
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.length
    if (size > most) throw tooLarge(most)
    texts.push(decoder.decode(part.value, { stream: true }))
  }
  return texts.join('') + decoder.decode()
}

const tooLarge = (most: number): Refused => new Refused('too-large', `the body has more than ${most} bytes`)
