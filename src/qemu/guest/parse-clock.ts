import { LibvirtError, xmlError } from '../../core/libvirt-error.ts'
import { oneOf, readFlag, unsigned, unsigned64 } from '../../formats/libvirt/attributes.ts'
import { child, children, type Element, requiredAttribute } from '../../xml/element.ts'

/** A timer of a domain's clock, as far as its start depends on it. Absent: not said. */
export interface Timer {
  readonly name: TimerName
  readonly present?: boolean | undefined
  readonly tickpolicy?: string | undefined
  readonly track?: string | undefined
  /** In Hz; 0: none. */
  readonly frequency?: bigint | undefined
  readonly mode?: string | undefined
  /** Whether it says how it catches up. */
  readonly catchesUp?: boolean
}

const TIMERS = ['platform', 'pit', 'rtc', 'hpet', 'tsc', 'kvmclock', 'hypervclock', 'armvtimer'] as const
type TimerName = (typeof TIMERS)[number]

/**
 * The timers of a `<domain>`, in its order.
 * @throws LibvirtError with libvirt's kind and text, for a bad clock too
 */
export function parseTimers(domain: Element): readonly Timer[] {
  const clock = child(domain, 'clock')
  if (!clock) return []
  checkOffset(clock)
  return children(clock, 'timer').map(parseTimer)
}

const makeUnsupportedError = (detail: string): LibvirtError => new LibvirtError('unsupported', detail)

/** What an offset cannot do without. */
const NEEDED: Readonly<Record<string, string>> = { timezone: 'timezone', absolute: 'start' }

function checkOffset({ attributes }: Element): void {
  const { offset = 'utc', basis = 'utc' } = attributes
  if (!['utc', 'localtime', 'variable', 'timezone', 'absolute'].includes(offset))
    throw makeUnsupportedError(`unknown clock offset '${offset}'`)
  if (offset === 'variable' && !['utc', 'localtime'].includes(basis))
    throw makeUnsupportedError(`unknown clock basis '${basis}'`)
  const needed = NEEDED[offset]
  if (needed !== undefined && attributes[needed] === undefined) {
    const detail = `missing '${needed}' attribute for clock with offset='${offset}'`
    throw new LibvirtError('internal', detail)
  }
}

function parseTimer(timer: Element): Timer {
  requiredAttribute(timer, 'name')
  const read = {
    name: oneOf(timer, 'name', TIMERS) ?? 'platform',
    present: readFlag(timer, 'present', 'yes', 'no'),
    tickpolicy: oneOf(timer, 'tickpolicy', ['delay', 'catchup', 'merge', 'discard']),
    track: oneOf(timer, 'track', ['boot', 'guest', 'wall', 'realtime']),
    frequency: timer.attributes.frequency === undefined ? undefined : unsigned64(timer, 'frequency'),
    mode: oneOf(timer, 'mode', ['auto', 'native', 'emulate', 'paravirt', 'smpsafe']),
  }
  const catchup = child(timer, 'catchup')
  if (catchup) for (const name of ['threshold', 'slew', 'limit']) unsigned(catchup, name)
  return { ...read, catchesUp: catchup !== undefined }
}

/** What may be said of a timer. */
const SETTINGS: Readonly<Record<TimerName, readonly (keyof Timer)[]>> = {
  platform: ['tickpolicy', 'track'],
  pit: ['tickpolicy'],
  rtc: ['tickpolicy', 'track'],
  hpet: ['tickpolicy'],
  tsc: ['tickpolicy', 'frequency', 'mode'],
  kvmclock: [],
  hypervclock: [],
  armvtimer: ['tickpolicy'],
}

/** What a timer cannot be told, whoever runs the guest. @throws LibvirtError */
export function checkTimerSettings(timer: Timer): void {
  if (timer.catchesUp && timer.tickpolicy !== 'catchup')
    throw xmlError("setting of timer catchup policies is only supported with tickpolicy='catchup'")
  for (const setting of ['tickpolicy', 'track', 'frequency', 'mode'] as const) {
    if (!timer[setting] || SETTINGS[timer.name].includes(setting)) continue
    throw makeUnsupportedError(`timer ${timer.name} doesn't support setting of timer ${setting}`)
  }
}
