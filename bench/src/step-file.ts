// One training step of ours as a file in the format of the reference fixtures: a start, a batch, and our logits and
// gradients. Peers repeat it, to show that they compute what we compute.

import { compileProgram, initialValues, Key, parameters, type Tensor, writeSafetensors } from 'dctps'
import { createNodeRunner, fastestSimd } from 'dctps/node'
import type { StepCase } from './results.js'
import { buildCase, classes } from './step-case.js'

/** Enough for batch statistics, few enough to be quick. */
const images = 8
/** A plain sparse network of fewer weights lets no signal through: both sides would agree on nothing but zeros. */
const leastDensity = 0.05

/** The first step of a case from the start of a seed, with what came out of it here. */
export async function describeStep(
  subject: Omit<StepCase, 'batch' | 'threads'>,
  seed = 1,
): Promise<Uint8Array> {
  const density = subject.kind === 'sparse' ? Math.max(subject.density, leastDensity) : subject.density
  const { network, supports } = buildCase({ ...subject, density })
  const input = { type: 'floats', source: network.input } as const
  const program = compileProgram(network, supports, {
    batch: images,
    input,
    optimizer: 'sgd',
    simd: fastestSimd(),
  })
  const runner = await createNodeRunner(program, 1)
  const key = Key.fromSeed(seed)
  const tensors = new Map<string, Tensor>()
  const floats = (name: string, data: Float32Array, shape: readonly number[] = [data.length]) =>
    tensors.set(name, { dtype: 'F32', shape, data })

  const list = parameters(network, supports)
  const kernels = new Set(list.filter(({ role }) => role === 'kernel').map(({ name }) => name))
  const suffix = (name: string) => (kernels.has(name) && subject.kind !== 'dense' ? '.values' : '')
  for (const [name, initial] of initialValues(network, supports, key)) {
    const { layer, trainable } = list.find((parameter) => parameter.name === name)!
    const values = trainable ? disturbed(initial, key.fold(name)) : initial
    runner.parameters.write(name, values)
    floats(`init.${name}${suffix(name)}`, values)
    const indices = supports.get(layer)
    if (kernels.has(name) && indices !== undefined) {
      const data = Int32Array.from(indices)
      tensors.set(`init.${name}.indices`, { dtype: 'I32', shape: [data.length], data })
    }
  }

  const slot = await runner.nextSlot()
  slot.floats.forEach((_, i) => {
    slot.floats[i] = key.fold('images').normal(i)
  })
  slot.labels.forEach((_, i) => {
    slot.labels[i] = i % classes
  })
  await runner.submit(slot, images, 'gradient')
  const { channels, height, width } = network.input
  floats('x', slot.floats.slice(), [1, images, channels, height, width])
  tensors.set('labels', { dtype: 'I32', shape: [1, images], data: slot.labels.slice() })
  floats('step0.logits', slot.logits.slice(), [images, classes])
  for (const { name, trainable } of list) {
    if (trainable) floats(`step0.grad.${name}${suffix(name)}`, runner.parameters.gradient(name, images))
  }
  runner.close()
  const metadata = {
    arch: subject.network,
    classes: `${classes}`,
    offset: subject.kind === 'dctps' ? 'dct' : 'None',
  }
  return writeSafetensors(tensors, new Map(Object.entries(metadata)))
}

/** Numbers near those that training starts with: a zero S, or a branch whose last alpha is zero, would hide a mistake. */
function disturbed(initial: Float32Array, key: Key): Float32Array {
  return initial.map((value, i) => value + 0.05 * key.normal(i))
}
