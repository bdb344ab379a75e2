import * as v from 'valibot'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import { readPair } from '../input/read.ts'
import { hostAndGuest } from '../input/schemas.ts'
import { update } from '../operations.ts'
import { question } from '../question.ts'
import { XmlAnswer } from '../schema.ts'

export const updateQuestion = question({
  name: 'update',
  summary: 'Make a guest CPU definite on a host, whose migratable copy is used',
  input: v.strictObject(hostAndGuest),
  answer: XmlAnswer,
  run: (context, { host, guest }) => ({
    answer: { xml: printCpu(update(context, ...readPair(host, guest))) },
  }),
})
