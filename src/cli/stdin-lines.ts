import { read } from '../host/files/read-bytes.ts'

/**
 * Lines of standard input, as soon as they are complete; `idle` is called before each wait for more. The last
 * line needs no newline.
 * @throws ParseError-free: bytes that are not UTF-8 become U+FFFD, and so a bad request
 */
export function* lines(idle: () => void): Generator<string> {
  const buffer = Buffer.allocUnsafe(1 << 16)
  const decoder = new TextDecoder()
  let partial: string[] = []
  for (;;) {
    idle()
    const size = read(0, buffer, '<stdin>')
    const text = decoder.decode(buffer.subarray(0, size), { stream: size > 0 })
    const parts = text.split('\n')
    const last = parts.pop() ?? ''
    for (const part of parts) {
      yield partial.join('') + part
      partial = []
    }
    partial.push(last)
    if (size === 0) break
  }
  const rest = partial.join('')
  if (rest !== '') yield rest
}
