import * as v from 'valibot'
import { count, fewNames } from '../core/text.ts'
import type { AlertSubject, FoundAlert, StoredAlert } from '../inventory/alerts.ts'
import { checkInput, parseRequest } from '../questions/ask.ts'
import type { CheckAnswer, VerdictAnswer } from '../questions/check/answer.ts'
import { described, names, text, whole, word } from '../questions/schema.ts'
import type { Sections } from '../questions/sections.ts'
import { listAnswers } from '../questions/sections.ts'
import { hostsAt } from '../questions/words/cells.ts'
import { hashToken } from './access.ts'
import { RequestRefused } from './answer.ts'
import {
  type Asked,
  answerOf,
  type InventoryRoute,
  moment,
  NO_QUERY,
  number,
  PoolLabel,
  route,
  sendJson,
  Why,
} from './inventory-routes.ts'

/** As many failures, and hosts, of an alert are kept by name. */
const MOST_FAILURES = 20
const MOST_HOSTS = 100

/** What an answer of `check` about a pool finds wrong; of one requirement and kind once, whatever its architectures. */
export function alertsOf(pool: string, answer: CheckAnswer | Sections<CheckAnswer>): readonly FoundAlert[] {
  const found = new Map<string, [VerdictAnswer, CheckAnswer['groups']][]>()
  for (const { groups, verdicts } of listAnswers(answer))
    for (const verdict of verdicts.filter(({ passed }) => !passed)) {
      const key = JSON.stringify([verdict.requirement, verdict.kind])
      found.set(key, [...(found.get(key) ?? []), [verdict, groups]])
    }
  return [...found.values()].flatMap(all => {
    const [first] = all
    if (!first) return []
    const failures = all.flatMap(([one]) => one.failures)
    const hosts = all.flatMap(([one, groups]) =>
      one.failures.flatMap(({ inGroups }) => hostsAt(groups, inGroups)),
    )
    return alertOf({ rule: first[0].requirement, kind: first[0].kind, pool }, failures, hosts)
  })
}

/** What is found wrong. */
export function alertOf(
  subject: AlertSubject,
  failures: readonly { readonly text: string; readonly remedy: string }[],
  hosts: readonly string[],
): FoundAlert {
  const [first] = failures
  const distinct = [...new Set(hosts)]
  const more = failures.length > 1 ? `, and ${count(failures.length - 1, 'more failure')}` : ''
  return {
    ...subject,
    detail: {
      summary: `${first?.text ?? ''}${more}`,
      failures: failures.slice(0, MOST_FAILURES).map(one => ({ text: one.text, remedy: one.remedy })),
      failureCount: failures.length,
      hosts: distinct.slice(0, MOST_HOSTS),
      hostCount: distinct.length,
    },
  }
}

/** `intel: new enough (level)`. */
const titleOf = ({ rule, kind, pool }: AlertSubject): string =>
  `${pool || 'hosts of no pool'}: ${rule} (${kind})`

/** What a receiver of Alertmanager's takes: its webhook's format, version 4. */
export async function printWebhook(
  alerts: readonly { readonly status: 'firing' | 'resolved'; readonly alert: StoredAlert }[],
  server: string,
): Promise<string> {
  const all = await Promise.all(
    alerts.map(async ({ status, alert }) => {
      const { rule, kind, pool, detail } = alert
      const labels = { alertname: rule, kind, pool }
      const annotations = {
        summary: detail.summary,
        description: bodyOf(alert).join('\n'),
        hosts: detail.hosts.join(' '),
      }
      return {
        ...{ status, labels, annotations, startsAt: (alert.fired ?? alert.since).toISOString() },
        endsAt: alert.until?.toISOString() ?? '0001-01-01T00:00:00Z',
        generatorURL: `${server}v1/alerts/${alert.number}`,
        fingerprint: (await hashToken(JSON.stringify(labels))).slice(0, 16),
      }
    }),
  )
  const pool = all[0]?.labels.pool ?? ''
  return JSON.stringify({
    ...{ version: '4', groupKey: `{}:{pool=${JSON.stringify(pool)}}`, truncatedAlerts: 0 },
    status: all.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    ...{ receiver: 'virt-cpu', groupLabels: { pool }, externalURL: server },
    ...{ commonLabels: common(all.map(({ labels }) => labels)), commonAnnotations: {} },
    alerts: all,
  })
}

/** What all have in common. */
const common = (all: readonly Readonly<Record<string, string>>[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(all[0] ?? {}).filter(([key, value]) => all.every(one => one[key] === value)),
  )

/** How wide mail is. */
const COLUMNS = 78

/** What is wrong, as lines of any width. */
const bodyOf = ({ detail }: StoredAlert): string[] => [
  ...detail.failures.flatMap(({ text: said, remedy }) => [
    `- ${said}`,
    ...(remedy ? [`  Remedy: ${remedy}`] : []),
  ]),
  ...(detail.failureCount > detail.failures.length
    ? [`- and ${detail.failureCount - detail.failures.length} more`]
    : []),
  ...(detail.hostCount > 0 ? [`Hosts (${detail.hostCount}): ${fewNames(detail.hosts, MOST_HOSTS)}`] : []),
]

/** A mail about an alert: its head and its text, which `sendmail -t` takes where it says whom it is for. */
function printMail(alert: StoredAlert, to: string | undefined): string {
  const { state, since, fired, until, acknowledged: known } = alert
  const times = [
    `since ${since.toISOString()}`,
    ...(fired ? [`fired ${fired.toISOString()}`] : []),
    ...(until ? [`resolved ${until.toISOString()}`] : []),
  ]
  const lines = [
    titleOf(alert),
    '',
    ...bodyOf(alert),
    '',
    `State: ${state}, ${times.join(', ')}`,
    ...(known ? [`Acknowledged by ${known.by} at ${known.at.toISOString()}: ${known.why}`] : []),
  ]
  const head = [
    ...(to === undefined ? [] : [`To: ${to}`]),
    `Subject: ${encodedWords(`[${state}] ${titleOf(alert)}`)}`,
    `Date: ${(until ?? fired ?? since).toUTCString().replace('GMT', '+0000')}`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    'Auto-Submitted: auto-generated',
  ]
  return `${[...head, '', ...lines.flatMap(wrapped)].join('\n')}\n`
}

/** The words in lines of at most 78 columns; what has no blank is cut. */
function wrapped(line: string): string[] {
  const indent = /^ *(?:- )?/.exec(line)?.[0].length ?? 0
  const lines: string[] = []
  let rest = line
  while (rest.length > COLUMNS) {
    const blank = rest.lastIndexOf(' ', COLUMNS)
    const end = blank > indent ? blank : COLUMNS
    lines.push(rest.slice(0, end))
    rest = ' '.repeat(indent) + rest.slice(end).trimStart()
  }
  return [...lines, rest]
}

/** A header's text: words of RFC 2047 where it is more than ASCII, in lines that are short enough. */
function encodedWords(said: string): string {
  if (/^[ -~]*$/.test(said))
    return wrapped(said.slice(0, 900))
      .map(line => line.trim())
      .join('\n ')
  const parts: string[] = ['']
  for (const sign of said.slice(0, 400)) {
    const last = parts.at(-1) ?? ''
    if (new TextEncoder().encode(last + sign).length > 42) parts.push(sign)
    else parts[parts.length - 1] = last + sign
  }
  const base64 = (part: string) => btoa(String.fromCharCode(...new TextEncoder().encode(part)))
  return parts.map(part => `=?UTF-8?B?${base64(part)}?=`).join('\n ')
}

const STATES = ['pending', 'firing', 'resolved'] as const

const ALERT = {
  number: whole('What the alert is known by; later ones have higher numbers.'),
  rule: text('The name of the requirement.'),
  kind: text('The kind of demand, as `check` calls it; `pools`: the requirement fits no pool.'),
  pool: PoolLabel,
  state: word(STATES, 'Pending: wrong, but not for long enough yet.'),
  since: moment('When it was found.'),
  fired: described(v.nullable(v.string()), 'When it fired; null: it is pending.'),
  until: described(v.nullable(v.string()), 'When it was resolved; null: it is not.'),
  summary: text('What is wrong, in a line.'),
  failures: v.array(
    v.strictObject({ text: text('What is wrong.'), remedy: text('What remedies it; empty: not known.') }),
  ),
  failureCount: whole('How many failures there are; the first 20 are listed.'),
  hosts: names('The hosts concerned, the first 100.'),
  hostCount: whole('How many there are.'),
  acknowledged: described(
    v.nullable(v.strictObject({ by: text('Who knows of it.'), why: Why, at: moment('Since when.') })),
    'Null: nobody said so.',
  ),
  delivered: described(v.nullable(v.string()), 'When a receiver took word of it last; null: none did.'),
}

const EXAMPLE = {
  ...{ number: 7, rule: 'no leaks', kind: 'must-have', pool: 'intel', state: 'firing' },
  ...{ since: '2026-11-30T12:00:00.000Z', fired: '2026-11-30T12:00:00.000Z', until: null },
  summary: 'md-clear CPUID.07H.0:EDX[10] is not on web-3 (microcode, certain)',
  failures: [
    {
      text: 'md-clear CPUID.07H.0:EDX[10] is not on web-3 (microcode, certain)',
      remedy: 'update microcode, cold boot',
    },
  ],
  ...{ failureCount: 1, hosts: ['web-3'], hostCount: 1, acknowledged: null },
  delivered: '2026-11-30T12:00:02.000Z',
}

const alertJson = ({
  number: n,
  rule,
  kind,
  pool,
  state,
  since,
  fired,
  until,
  detail,
  ...more
}: StoredAlert) => ({
  ...{ number: n, rule, kind, pool, state, since, fired: fired ?? null, until: until ?? null },
  ...detail,
  acknowledged: more.acknowledged ?? null,
  delivered: more.delivered ?? null,
})

const AlertQuery = v.strictObject({
  state: v.optional(word(STATES, 'Alerts in this state; absent: in any.')),
  pool: v.optional(PoolLabel),
  before: v.optional(number('Alerts with lower numbers, as `next` of an answer said.', 0, 2 ** 31 - 1)),
  limit: v.optional(number('At most so many; 100 by default.', 1, 1000)),
})

async function list({ c, inventory, query }: Asked<v.InferOutput<typeof AlertQuery>>) {
  const { limit = 100 } = query
  const found = await inventory.alerts.list({ ...query, limit: limit + 1 })
  const alerts = found.slice(0, limit)
  const next = found.length > limit ? (alerts.at(-1)?.number ?? null) : null
  return sendJson(c, { alerts: alerts.map(alertJson), next })
}

async function alertAsked({ inventory, id }: Asked<unknown>): Promise<StoredAlert> {
  const alert = await inventory.alerts.find(Number(id))
  if (alert) return alert
  throw new RequestRefused('not-found', `there is no alert ${id}`)
}

const ADDRESS = 'must be an address such as ops@example.org'

const MailQuery = v.strictObject({
  to: v.optional(
    v.pipe(
      v.string(ADDRESS),
      v.regex(/^[\w.+-]{1,64}@[\w.-]{1,190}$/, ADDRESS),
      v.description('Whom a mail is for: its header To, without which `sendmail -t` has no recipient.'),
    ),
  ),
})

async function show(asked: Asked<v.InferOutput<typeof MailQuery>>) {
  const alert = await alertAsked(asked)
  const { c, query } = asked
  const type = /\b(message\/rfc822|text\/plain)\b/.exec(c.req.header('accept') ?? '')?.[1]
  if (!type) return sendJson(c, alertJson(alert))
  return c.body(printMail(alert, query.to), 200, { 'content-type': `${type}; charset=utf-8` })
}

const Acknowledgement = v.strictObject({
  why: Why,
  acknowledged: v.optional(
    described(v.boolean('must be true or false'), 'False: nobody sees to it any more; absent: true.'),
  ),
})

async function acknowledge({ c, inventory, id, read }: Asked) {
  const body = await read(c, 16_384)
  const said = new TextDecoder().decode(body.bytes)
  body.release()
  const { why, acknowledged = true } = checkInput(Acknowledgement, parseRequest(said), {
    name: 'acknowledge',
  })
  const { name } = c.get('who')
  const alert = await inventory.alerts.acknowledge(Number(id), name, acknowledged ? why : undefined)
  if (!alert) throw new RequestRefused('not-found', `there is no alert ${id} that is not resolved`)
  const { rule, pool } = alert
  c.set('detail', { why, acknowledged, rule, pool })
  return sendJson(c, alertJson(alert))
}

/** The routes of alerts. */
export const ALERT_ROUTES: readonly InventoryRoute[] = [
  route({
    ...{ method: 'get', path: '/v1/alerts', operation: 'alerts', role: 'read' },
    summary: 'List alerts, newest first',
    query: AlertQuery,
    answers: {
      200: {
        description: 'the alerts of the rules that the server was given',
        schema: answerOf({
          alerts: v.array(v.strictObject(ALERT)),
          next: described(
            v.nullable(v.number()),
            'What `before` takes for those that follow; null: none does.',
          ),
        }),
        example: { schema: 2, alerts: [EXAMPLE], next: null },
      },
    },
    handle: list,
  }),
  route({
    ...{ method: 'get', path: '/v1/alerts/{number}', operation: 'alert', role: 'read' },
    summary: 'Show an alert',
    description:
      'With `Accept: text/plain` or `message/rfc822` it is a mail, with Subject and text of 78 columns.',
    query: MailQuery,
    answers: {
      200: { description: 'the alert', schema: answerOf(ALERT), example: { schema: 2, ...EXAMPLE } },
    },
    handle: show,
  }),
  route({
    ...{ method: 'put', path: '/v1/alerts/{number}/acknowledged', operation: 'acknowledge', role: 'plan' },
    summary: 'Say that somebody sees to an alert',
    description:
      'Receivers hear nothing more of it until it is resolved; who said so and why is in the audit log.',
    query: NO_QUERY,
    body: {
      description: 'Why.',
      schema: Acknowledgement,
      example: { why: 'microcode comes with the next boot' },
    },
    answers: {
      200: { description: 'the alert', schema: answerOf(ALERT), example: { schema: 2, ...EXAMPLE } },
    },
    handle: acknowledge,
  }),
]
