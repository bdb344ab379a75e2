/** The vendor of a model by its name alone, as libvirt tells it: `IBM` for `z…` and `gen…`, else unknown. */
export const vendorOfModel = (model: string): 'IBM' | undefined =>
  model.startsWith('z') || model.startsWith('gen') ? 'IBM' : undefined
