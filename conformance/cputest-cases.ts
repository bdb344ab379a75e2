/** The cases of libvirt's CPU unit test for x86: which files go together, and what must come out. */

/** host: cpu=RESULT … */
export const COMPARE: Readonly<Record<string, string>> = {
  host:
    'host=identical host-better=incompatible host-worse=superset host-amd-fake=incompatible ' +
    'host-incomp-arch=incompatible host-no-vendor=identical bogus-model=error bogus-feature=error min=superset ' +
    'pentium3=superset exact=superset exact-forbid=incompatible exact-forbid-extra=superset ' +
    'exact-disable=superset exact-disable2=superset exact-disable-extra=superset exact-require=superset ' +
    'exact-require-extra=incompatible exact-force=superset strict=incompatible strict-full=identical ' +
    'strict-disable=identical strict-force-extra=identical guest=superset pentium3-amd=incompatible',
  'host-no-vendor': 'host=incompatible',
  'host-amd': 'pentium3-amd=superset',
  'host-worse': 'penryn-force=identical',
  'host-SandyBridge': 'exact-force-Haswell=identical',
}

/** Host, guest, and how the result compares with the host; '' where that is not asked. */
export const UPDATE: readonly (readonly [host: string, guest: string, compare: string])[] = [
  ['host', 'min', 'identical'],
  ['host', 'pentium3', 'identical'],
  ['host', 'guest', 'superset'],
  ['host', 'host-model', 'identical'],
  ['host', 'host-model-nofallback', 'identical'],
  ['host-invtsc', 'host-model', 'superset'],
  ['host', 'host-passthrough', ''],
  ['host', 'host-passthrough-features', ''],
]

/** Model lists by name, as the result files spell them. */
export const MODEL_LISTS: Readonly<Record<string, readonly string[]>> = {
  model486: ['486'],
  nomodel: ['nomodel'],
  models: ['qemu64', 'core2duo', 'Nehalem'],
  haswell: ['SandyBridge', 'Haswell'],
}

/** Host, guest, list ('' for none), and whether the guest can start. */
export const GUEST: readonly (readonly [host: string, guest: string, list: string, ok: boolean])[] = [
  ['host-better', 'pentium3', '', true],
  ['host-worse', 'guest', '', true],
  ['host', 'strict-force-extra', '', true],
  ['host', 'penryn-force', '', true],
  ['host', 'guest', 'model486', true],
  ['host', 'guest', 'models', true],
  ['host', 'host+host-model', 'models', true],
  ['host-Haswell-noTSX', 'Haswell', 'haswell', true],
  ['host-Haswell-noTSX', 'Haswell-noTSX', 'haswell', true],
  ['host-Haswell-noTSX', 'Haswell-noTSX', '', true],
  ['host', 'guest', 'nomodel', false],
  ['host', 'guest-nofallback', 'models', false],
  ['host', 'host+host-model-nofallback', 'models', false],
  ['host-Haswell-noTSX', 'Haswell-noTSX-nofallback', 'haswell', false],
]

/** Name and flag; a flag of `fail` means the baseline must be refused. */
export const BASELINE: readonly (readonly [
  name: string,
  flag: 'result' | 'expanded' | 'migratable' | 'fail',
])[] = [
  ['incompatible-vendors', 'fail'],
  ['no-vendor', 'result'],
  ['some-vendors', 'result'],
  ['simple', 'result'],
  ['simple', 'expanded'],
  ['features', 'result'],
  ['features', 'expanded'],
  ['Westmere+Nehalem', 'result'],
  ['Westmere+Nehalem', 'migratable'],
]

/** Features asked of the host named `host`; 'unknown' is libvirt's error. */
export const HAS_FEATURE: Readonly<Record<string, 'yes' | 'no' | 'unknown'>> = {
  vmx: 'yes',
  lm: 'yes',
  'sse4.1': 'yes',
  '3dnowext': 'no',
  skinit: 'no',
  foo: 'unknown',
}

/** CPUs whose second reply, the model list, libvirt's test does not use. */
export const WITHOUT_MODEL_LIST: ReadonlySet<string> = new Set([
  'Core-i7-5600U-ibrs',
  'Hygon-C86-7185-32-core',
  'Xeon-Platinum-8268',
])

/** Label: two CPUs whose guest definitions, as QEMU sees them, are baselined. */
export const CPUID_BASELINE: Readonly<Record<string, readonly [string, string]>> = {
  'Ryzen+Rome': ['Ryzen-7-1800X-Eight-Core', 'Ryzen-9-3900X-12-Core'],
  'EPYC+Rome': ['EPYC-7601-32-Core', 'EPYC-7502-32-Core'],
  'Haswell-noTSX-IBRS+Skylake': ['Xeon-E5-2609-v3', 'Xeon-Gold-6148'],
  'Haswell-noTSX-IBRS+Skylake-IBRS': ['Xeon-E5-2609-v3', 'Xeon-Gold-6130'],
  'Broadwell-IBRS+Cascadelake': ['Xeon-E5-2623-v4', 'Xeon-Platinum-8268'],
  'Cascadelake+Skylake-IBRS': ['Xeon-Platinum-8268', 'Xeon-Gold-6130'],
  'Cascadelake+Skylake': ['Xeon-Platinum-9242', 'Xeon-Gold-6148'],
  'Cascadelake+Icelake': ['Xeon-Platinum-9242', 'Ice-Lake-Server'],
  'Cooperlake+Icelake': ['Cooperlake', 'Ice-Lake-Server'],
  'Cooperlake+Cascadelake': ['Cooperlake', 'Xeon-Platinum-9242'],
  'Skylake-Client+Server': ['Core-i5-6600', 'Xeon-Gold-6148'],
  'Haswell-noTSX-IBRS+Broadwell': ['Xeon-E5-2609-v3', 'Xeon-E5-2650-v4'],
  'Haswell+Skylake': ['Xeon-E7-8890-v3', 'Xeon-Gold-5115'],
}
