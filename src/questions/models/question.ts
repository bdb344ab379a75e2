import * as v from 'valibot'
import { BadRequest } from '../context.ts'
import { guestsAlone } from '../hosts/guests.ts'
import { openFleetOfAny, viewsOf } from '../input/fleet/open-fleet.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { readRecordedHosts } from '../input/hypervisor.ts'
import { usableInput } from '../input/schemas.ts'
import { type Outcome, question } from '../question.ts'
import { answerEach, reportSections, type Sections, withSections } from '../sections.ts'
import { ModelVerdicts, UsableModels } from './answer.ts'
import { modelVerdicts, usableModels } from './compute.ts'

export const modelsQuestion = question({
  name: 'models',
  summary: 'List the models that guests can be given on every one of these hosts, best first',
  input: usableInput,
  answer: v.union([UsableModels, withSections(ModelVerdicts)]),
  report: async () => reportSections((await import('./report.ts')).reportModels),
  run: (context, input): Outcome<UsableModels | ModelVerdicts | Sections<ModelVerdicts>, never> => {
    const { hosts, documents, fleet, noSkip, ...use } = input
    if (hosts) return { answer: usableModels(context, readRecordedHosts(context, hosts, use)) }
    if (!documents) throw new BadRequest('give either hosts, which describe hypervisors, or documents')
    const opened = openFleetOfAny(context, { documents, fleet, noSkip })
    const ask = (view: FleetView): ModelVerdicts => {
      const alone = guestsAlone(view)
      return alone.guestsAlone ? { groups: [], guestGroups: [], models: [], ...alone } : modelVerdicts(view)
    }
    return { answer: answerEach(viewsOf(opened), ask), notes: opened.notes }
  },
})
