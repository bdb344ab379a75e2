// The architectures beside x86, one line each.
export { arm } from '../arch/arm/driver.ts'
export { loongarch64 } from '../arch/loongarch64/driver.ts'
export { ppc64 } from '../arch/ppc64/driver.ts'
export { riscv64 } from '../arch/riscv64/driver.ts'
export { s390x } from '../arch/s390x/driver.ts'
