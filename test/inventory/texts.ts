/** Capabilities of a host, as libvirt prints them. */
export function capabilities({
  model = 'Skylake-Server-noTSX-IBRS',
  features = [] as string[],
  uuid = '',
  microcode = 1,
}) {
  const lines = features.map(name => `<feature name='${name}'/>`).join('')
  return `<capabilities><host>${uuid && `<uuid>${uuid}</uuid>`}<cpu><arch>x86_64</arch><model>${model}</model>
    <vendor>Intel</vendor><microcode version='${microcode}'/>${lines}</cpu></host></capabilities>\n`
}
