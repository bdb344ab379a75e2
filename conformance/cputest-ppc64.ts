type Result = 'identical' | 'incompatible' | 'error'

/** The cases of libvirt's CPU unit test for ppc64: which files go together, and what must come out. */
export const PPC64 = {
  compare: [
    ['host', 'host', 'identical'],
    ['host', 'host-better', 'incompatible'],
    ['host', 'host-worse', 'incompatible'],
    ['host', 'host-incomp-arch', 'incompatible'],
    ['host', 'host-no-vendor', 'identical'],
    ['host-no-vendor', 'host', 'incompatible'],
    ['host', 'guest-strict', 'identical'],
    ['host', 'guest-exact', 'incompatible'],
    ['host', 'guest-legacy', 'identical'],
    ['host', 'guest-legacy-incompatible', 'incompatible'],
    ['host', 'guest-legacy-bad', 'error'],
    ['host', 'guest-compat-none', 'identical'],
    ['host', 'guest-compat-valid', 'identical'],
    ['host', 'guest-compat-bad', 'error'],
    ['host', 'guest-compat-incompatible', 'incompatible'],
  ] satisfies readonly (readonly [host: string, cpu: string, result: Result])[],

  /** Guests updated on `host`, and how the result compares with it. */
  update: [
    ['guest', 'identical'],
    ['guest-nofallback', 'incompatible'],
    ['guest-legacy', 'identical'],
    ['guest-legacy-incompatible', 'incompatible'],
    ['guest-legacy-bad', 'error'],
    ['guest-compat-none', 'identical'],
    ['guest-compat-valid', 'identical'],
    ['guest-compat-bad', 'error'],
    ['guest-compat-incompatible', 'incompatible'],
  ] satisfies readonly (readonly [guest: string, result: Result])[],

  /** The models that a hypervisor has, and whether a guest can start on `host`. */
  models: ['POWER6', 'POWER7', 'POWER8'],
  guest: [
    ['guest', true],
    ['guest-nofallback', false],
    ['guest-legacy', true],
    ['guest-legacy-incompatible', false],
    ['guest-legacy-bad', false],
  ] satisfies readonly (readonly [guest: string, starts: boolean])[],

  /** Sets of hosts, and whether they have a baseline. */
  baseline: [
    ['incompatible-vendors', false],
    ['no-vendor', true],
    ['incompatible-models', false],
    ['same-model', true],
    ['legacy', false],
  ] satisfies readonly (readonly [name: string, answered: boolean])[],
} as const
