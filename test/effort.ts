/** Whether `npm run test:long` runs, which tries far more cases than a run in daily work. */
export const isLong = process.env.VIRT_CPU_LONG === '1'

/** Returns how many random cases a test tries: all of them in the long run, else a share that notices most faults. */
export const runs = (all: number, share = 40): number => (isLong ? all : Math.ceil(all / share))
