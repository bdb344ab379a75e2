import * as v from 'valibot'
import { type Blockers, type HypervisorSupport, readHypervisorSupport } from '../../qemu/allowance.ts'
import { checkDomainType } from '../../qemu/choice.ts'
import { makeModelFinder } from '../../qemu/domain-capabilities/cpu-modes.ts'
import type { Context } from '../context.ts'
import { readReplies, requestedHypervisor } from '../input/hypervisor.ts'
import { modelsInput } from '../input/schemas.ts'
import { question } from '../question.ts'
import { type AnswerOf, described } from '../schema.ts'

/** A model that guests may ask for by name. */
export const HypervisorModel = v.strictObject({
  name: v.string(),
  usable: described(
    v.picklist(['yes', 'no', 'unknown']),
    '`unknown`: the hypervisor does not say, as on ARM and POWER.',
  ),
  blockers: described(
    v.array(v.string()),
    'What the host cannot give it, sorted, each once; empty too where an old libvirt does not say.',
  ),
})
export type HypervisorModel = AnswerOf<typeof HypervisorModel>

export const hypervisorCpuModelsQuestion = question({
  name: 'hypervisor-cpu-models',
  summary: 'List the models that a QEMU can give guests on its host, and what blocks the others',
  input: modelsInput,
  answer: v.strictObject({ models: v.array(HypervisorModel) }),
  run(context, { replies, all = false, ...use }) {
    const { capabilities, choice } = requestedHypervisor(readReplies(replies), use)
    checkDomainType(capabilities, choice)
    const given = capabilities.accelerators.get(choice.accelerator)
    const allowance = given && readHypervisorSupport(given)
    const models = allowance ? hypervisorModels(context, allowance, choice.arch) : []
    return { answer: { models: all ? models : models.filter(({ usable }) => usable === 'yes') } }
  },
})

/**
 * The models of a hypervisor that libvirt knows, by name. `host` is a mode and no model.
 * @param arch of the guests
 */
export function hypervisorModels(
  { map }: Context,
  { models }: HypervisorSupport,
  arch: string,
): HypervisorModel[] {
  const find = makeModelFinder(map, arch)
  return [...models]
    .flatMap(([name, blockers]) => {
      const known = name === 'host' ? undefined : find(name)
      return known ? [modelOf(known.name, blockers)] : []
    })
    .sort(byName)
}

function modelOf(name: string, given: Blockers): HypervisorModel {
  if (given === 'unknown') return { name, usable: 'unknown', blockers: [] }
  if (given === 'unexplained') return { name, usable: 'no', blockers: [] }
  const blockers = [...new Set(given)].sort()
  return { name, usable: blockers.length === 0 ? 'yes' : 'no', blockers }
}

const byName = (a: HypervisorModel, b: HypervisorModel): number => (a.name < b.name ? -1 : 1)
