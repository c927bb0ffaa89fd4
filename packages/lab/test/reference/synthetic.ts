// Fixtures of shapes that the shared folder does not have, made with the float64 reference of the core's tests in
// place of PyTorch: same format, so that the command can be tested where the shared folder is absent.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Tensor, writeSafetensors } from 'dctps/internal/file/safetensors'
import { findArchitecture } from 'dctps/internal/models/registry'
import { kernelLayers, NetworkBuilder, weightShape } from 'dctps/internal/network/network'
import { kernelName, parameters } from 'dctps/internal/network/parameters'
import { activationSize } from 'dctps/internal/shape/activation'
import { kernelEntries } from 'dctps/internal/shape/kernel'
import { Lcg } from '../../../core/test/reference/lcg.js'
import { ReferenceNetwork } from '../../../core/test/reference/network.js'
import { ReferenceAdam, ReferenceSgd } from '../../../core/test/reference/optimizers.js'
import { floats, integers } from './folders.js'

export interface SyntheticLayer {
  readonly kind: 'conv2d' | 'linear'
  readonly in: number
  readonly out: number
  readonly k?: number
  readonly stride?: number
  readonly pad?: number
  readonly groups?: number
  readonly alpha: number
  readonly bias?: boolean
  readonly n: number
  readonly height?: number
  readonly width?: number
}

/** Writes `NAME.json` and `NAME.safetensors`. */
export async function writeLayers(
  folder: string,
  name: string,
  layers: readonly SyntheticLayer[],
): Promise<void> {
  const tensors = new Map<string, Tensor>()
  for (const [index, layer] of layers.entries()) {
    for (const [key, tensor] of layerTensors(layer, new Lcg(index))) tensors.set(`${index}.${key}`, tensor)
  }
  await writeFile(join(folder, `${name}.json`), JSON.stringify(layers))
  await writeFile(join(folder, `${name}.safetensors`), writeSafetensors(tensors))
}

function layerTensors(config: SyntheticLayer, random: Lcg): Map<string, Tensor> {
  const { n, out, alpha, bias = false, height = 1, width = 1 } = config
  const builder = new NetworkBuilder('layer', { channels: config.in, height, width }, { kind: 'dctps' })
  if (config.kind === 'linear') builder.linear('layer', builder.input, out, { bias })
  else {
    const { k: size = 1, stride = 1, pad: padding = 0, groups = 1 } = config
    builder.flatten(builder.conv2d('layer', builder.input, out, { size, stride, padding, groups, bias }))
  }
  const network = builder.build()
  const layer = kernelLayers(network)[0]!
  const prefix = kernelName(layer)
  const support = randomSupport(kernelEntries(layer.geometry), random)
  const values = random.values(support.length)
  const biases = random.values(out)
  const reference = new ReferenceNetwork(
    network,
    new Map([[layer.id, support]]),
    new Map([
      [`${prefix}.weight`, values],
      ['layer.scaling', new Float64Array([alpha])],
      [`${prefix}.bias`, biases],
    ]),
  )
  const isLinear = config.kind === 'linear'
  const inputShape = isLinear ? [n, config.in] : [n, config.in, height, width]
  const outputShape = isLinear ? [n, out] : [n, out, layer.output.height, layer.output.width]
  const x = random.values(n * activationSize(network.input))
  const dy = random.values(n * activationSize(layer.output))
  const y = reference.forward(x, 'train')
  const gradients = reference.backwardFrom(dy)
  const gradient = (parameter: string) => gradients.parameters.get(parameter)!
  return new Map([
    ['x', floats(inputShape, x)],
    ['indices', integers([support.length], support)],
    ['values', floats([support.length], values)],
    ['y', floats(outputShape, y)],
    ['dy', floats(outputShape, dy)],
    ['dx', floats(inputShape, gradients.input)],
    ['dvalues', floats([support.length], gradient(`${prefix}.weight`))],
    ['dalpha', floats([1], gradient('layer.scaling'))],
    ['dweight_dense', floats(weightShape(layer), gradients.weights.get(layer.id)!)],
    ...(bias
      ? ([
          ['bias', floats([out], biases)],
          ['dbias', floats([out], gradient(`${prefix}.bias`))],
        ] satisfies [string, Tensor][])
      : []),
  ])
}

export interface SyntheticSteps {
  readonly arch: string
  readonly kind: 'dctps' | 'sparse'
  readonly channels: number
  readonly classes: number
  readonly steps: number
  readonly n: number
}

/** Writes `step_NAME.safetensors` and its tolerances. */
export async function writeSteps(folder: string, name: string, config: SyntheticSteps): Promise<void> {
  const { arch, kind, channels, classes, steps, n } = config
  const random = new Lcg(steps * 100 + n)
  const input = { channels, height: 32, width: 32 }
  const network = findArchitecture(arch).build({ input, classes, kernel: { kind } })
  const supports = new Map(
    kernelLayers(network).map((layer) => [layer.id, randomSupport(kernelEntries(layer.geometry), random)]),
  )
  const tensors = new Map<string, Tensor>()
  const start = new Map<string, Float64Array>()
  for (const layer of kernelLayers(network)) {
    const indices = supports.get(layer.id)!
    tensors.set(`init.${kernelName(layer)}.weight.indices`, integers([indices.length], indices))
  }
  for (const { name, role, size } of parameters(network, supports)) {
    const values = role === 'kernel' ? random.values(size, 0.2) : new Float64Array(size).fill(1)
    start.set(name, values)
    tensors.set(`init.${name}${role === 'kernel' ? '.values' : ''}`, floats([size], values))
    if (role === 'mean')
      tensors.set(`init.${name.replace(/running_mean$/, 'num_batches_tracked')}`, integers([1], [0]))
  }
  const x = Array.from({ length: steps }, () => random.values(n * activationSize(input)))
  const labels = x.map(() => Array.from({ length: n }, () => random.integer(classes)))
  tensors.set(
    'x',
    floats(
      [steps, n, channels, 32, 32],
      x.flatMap((batch) => [...batch]),
    ),
  )
  tensors.set('labels', integers([steps, n], labels.flat()))
  addFirstStep(tensors, new ReferenceNetwork(network, supports, start), x[0]!, labels[0]!)
  const weightDecay = 5e-4
  const training = {
    sgd: new ReferenceSgd({ learningRate: 0.01, momentum: 0.9, weightDecay }),
    adam: new ReferenceAdam({ learningRate: 1e-3, weightDecay }),
  }
  for (const [optimizerName, optimizer] of Object.entries(training)) {
    const reference = new ReferenceNetwork(network, supports, start)
    const losses = x.map((batch, step) => {
      reference.forward(batch, 'train')
      const { loss, gradients } = reference.backward(labels[step]!)
      optimizer.step(reference.parameters, gradients.parameters)
      return loss
    })
    tensors.set(`${optimizerName}.losses`, floats([steps], losses))
    tensors.set(`${optimizerName}.eval_logits`, floats([n, classes], reference.forward(x[0]!, 'eval')))
  }
  const compared = [...tensors.keys()].filter((key) => /^(step0|sgd|adam)\./.test(key))
  const metadata = new Map([
    ['arch', arch],
    ['classes', `${classes}`],
    ...(kind === 'sparse' ? ([['offset', 'None']] satisfies [string, string][]) : []),
  ])
  await writeFile(join(folder, `step_${name}.safetensors`), writeSafetensors(tensors, metadata))
  const tolerances = Object.fromEntries(compared.map((key) => [key, 2e-4]))
  await writeFile(join(folder, `step_${name}.tolerance.json`), JSON.stringify(tolerances))
}

function addFirstStep(
  tensors: Map<string, Tensor>,
  reference: ReferenceNetwork,
  x: Float64Array,
  labels: readonly number[],
): void {
  const { network } = reference
  tensors.set('step0.logits', floats([labels.length, network.classes], reference.forward(x, 'train')))
  const kernels = new Set(kernelLayers(network).map((layer) => `${kernelName(layer)}.weight`))
  for (const [name, gradient] of reference.backward(labels).gradients.parameters) {
    tensors.set(
      `step0.grad.${name}${kernels.has(name) ? '.values' : ''}`,
      floats([gradient.length], gradient),
    )
  }
}

/** About every twentieth entry, and at least one. */
function randomSupport(entries: number, random: Lcg): Uint32Array {
  const first = random.integer(Math.min(entries, 20))
  const chosen = [first]
  for (let at = first; ; ) {
    at += 1 + random.integer(40)
    if (at >= entries) return Uint32Array.from(chosen)
    chosen.push(at)
  }
}
