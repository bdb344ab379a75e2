import * as v from 'valibot'
import { described } from '../../schema.ts'

const document = v.strictObject(
  { path: v.string('must be text'), text: v.string('must be text') },
  'must be {path, text}',
)

/** A fleet, as every question about one takes it. */
export const fleetInput = {
  documents: described(
    v.array(document, 'must be a list of {path, text}'),
    'Documents of hosts, hypervisors and guests; the first folder of a path is a pool.',
  ),
  fleet: v.optional(
    described(
      v.record(v.string(), v.unknown(), 'must be an object'),
      'What a fleet file says (docs/fleet-file.md).',
    ),
  ),
}
