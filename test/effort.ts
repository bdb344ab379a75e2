/** Whether `npm run test:long` runs, which tries far more cases than a run in daily work. */
export const isLong = process.env.VIRT_CPU_LONG === '1'

/** `npm run mutation` runs a test hundreds of times: each tries few random cases. */
const fewer = Number(process.env.VIRT_CPU_FEWER ?? 1)

/** Returns how many random cases a test tries: all of them in the long run, else a share that notices most faults. */
export const runs = (all: number, share = 40): number => (isLong ? all : Math.ceil(all / share / fewer))

/** What of a list a test looks at: all of it in the long run, else one in so many, others each time. */
export function part<T>(all: readonly T[], share: number): readonly T[] {
  const first = Math.floor(Math.random() * share)
  return isLong ? all : all.filter((_, i) => i % share === first)
}
