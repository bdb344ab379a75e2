import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import own from '../../../schema/cpu.rng'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { hasBehaviour, type LibvirtVersion } from '../../core/libvirt-version.ts'
import type { Element } from '../../xml/element.ts'
import { printElement } from '../../xml/writer.ts'
import { fileError } from './file-error.ts'

/** Where distributions put libvirt's schemas. */
const INSTALLED = '/usr/share/libvirt/schemas'

/** What errors call the schema that comes with virt-cpu. */
const OWN_NAME = 'schema/cpu.rng of virt-cpu'

/**
 * Checks a `<cpu>` by RELAX NG: with the `cpu.rng` in `directory`, else an installed libvirt's, else our own.
 * @throws LibvirtError of kind `schema`, with libxml2's lines; FileError where `directory` has no schema
 */
export async function validateCpu(
  cpu: Element,
  directory: string | undefined,
  version: LibvirtVersion,
): Promise<void> {
  const { RelaxNGValidator, XmlDocument, XmlValidateError } = await import('libxml2-wasm')
  const { xmlRegisterFsInputProviders } = await import('libxml2-wasm/lib/nodejs.mjs')
  xmlRegisterFsInputProviders() // a schema includes others
  const { name, text } = findSchema(directory, version)
  const schema = XmlDocument.fromString(text, { url: name })
  const document = XmlDocument.fromString(printElement(cpu))
  try {
    RelaxNGValidator.fromDoc(schema).validate(document)
  } catch (error) {
    if (!(error instanceof XmlValidateError)) throw error
    const lines = error.details.map(({ message }) => message).join('')
    throw new LibvirtError('schema', `Unable to validate doc against ${name}\n${lines}`, { cause: error })
  } finally {
    document.dispose()
    schema.dispose()
  }
}

function findSchema(directory: string | undefined, version: LibvirtVersion): { name: string; text: string } {
  const path = join(directory ?? INSTALLED, 'cpu.rng')
  if (directory === undefined && !existsSync(path)) return { name: OWN_NAME, text: ownSchema(version) }
  try {
    return { name: path, text: readFileSync(path, 'utf8') }
  } catch (error) {
    throw fileError('open', path, error)
  }
}

const DOTTED = '<define name="host-feature">'

function ownSchema(version: LibvirtVersion): string {
  if (hasBehaviour(version, 'host-feature-dot')) return own
  const [before = '', after = ''] = own.split(DOTTED)
  return before + DOTTED + after.replace('_.]+', '_]+')
}
