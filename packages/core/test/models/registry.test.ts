import { describe, expect, test } from 'vitest'
import { decodeModel, encodeModel } from '#core/file/model'
import { buildNetwork } from '#core/models/registry'
import { buildSpec, type ModelSpec } from '#core/models/spec'
import { kernelCount, kernelLayers } from '#core/network/network'
import { parameters } from '#core/network/parameters'
import { Key } from '#core/random/key'
import { initialValues } from '#core/train/initialise'

const input = { channels: 3, height: 32, width: 32 }
const dctps = { kind: 'dctps', alpha: 'trainable' } as const

// Counts of the published networks: kernels, kernel weights, other trainable numbers (shared/reference/models.json).
describe('the published networks', () => {
  test.each([
    ['lenet5', 10, 5, 61_510, 5],
    ['vgg16', 100, 14, 14_761_664, 8_562],
    ['vgg19', 100, 17, 20_070_080, 11_125],
    ['resnet18', 10, 21, 11_164_352, 9_631],
    ['resnet34', 100, 37, 21_311_168, 17_161],
    ['resnet50', 200, 54, 23_856_832, 53_374],
    ['resnet110', 100, 114, 45_934_272, 114_774],
    ['mobilenetv2', 100, 58, 2_377_024, 35_246],
    ['fixup-resnet20', 10, 20, 268_336, 77],
    ['fixup-resnet110', 100, 110, 1_725_616, 482],
  ])('%s with %i classes: %i kernels of %i weights', (name, classes, kernels, weights, others) => {
    const network = buildNetwork(name, { input, classes, kernel: dctps })
    expect(kernelLayers(network).length).toBe(kernels)
    expect(kernelCount(network)).toBe(weights)
    const none = new Map(kernelLayers(network).map((layer) => [layer.id, new Uint32Array()]))
    const trained = parameters(network, none).filter(({ trainable }) => trainable)
    expect(trained.reduce((sum, { size }) => sum + size, 0)).toBe(others)
  })

  test('take 64 x 64 images and any number of channels, with the same weights but for the first kernel', () => {
    for (const name of ['vgg11', 'resnet50', 'mobilenetv2', 'resnet8', 'fixup-resnet20']) {
      const small = buildNetwork(name, { input, classes: 7, kernel: dctps })
      const large = buildNetwork(name, {
        input: { channels: 1, height: 64, width: 64 },
        classes: 7,
        kernel: dctps,
      })
      const first = (network: typeof small) => kernelLayers(network)[0]!.geometry
      expect(first(small).inChannels - first(large).inChannels).toBe(2)
      expect(kernelCount(small) - kernelCount(large)).toBe(2 * 9 * first(small).outChannels)
    }
  })
})

describe('a stable residual network', () => {
  const stable: ModelSpec = {
    architecture: 'resnet50',
    input,
    classes: 10,
    kernel: dctps,
    width: 4,
    stable: true,
    support: { type: 'random', rule: 'epl', density: 0.01, seed: 0 },
  }

  test('multiplies each of its branches by blocks^(-1/2), and has the parameters of any other', () => {
    const { stable: _, ...plain } = stable
    const { network, supports } = buildSpec(stable)
    const scales = network.layers.flatMap((layer) => (layer.op === 'scalarAffine' ? [layer.scale] : []))
    expect(scales).toEqual(Array(16).fill(1 / 4))
    const usual = buildSpec(plain)
    expect(usual.network.layers.some(({ op }) => op === 'scalarAffine')).toBe(false)
    const names = (list: { name: string; size: number }[]) => list.map(({ name, size }) => [name, size])
    expect(names(parameters(network, supports))).toEqual(names(parameters(usual.network, usual.supports)))
  })

  test('is one again when it is read from a model file', () => {
    const { network, supports } = buildSpec(stable)
    const values = initialValues(network, supports, Key.fromSeed(0))
    const classNames = Array.from({ length: 10 }, String)
    const normalisation = { mean: [0, 0, 0], std: [1, 1, 1] }
    const bytes = encodeModel({
      spec: stable,
      network,
      supports,
      parameters: values,
      normalisation,
      classNames,
    })
    const read = decodeModel(bytes, 'model')
    expect(read.spec).toEqual(stable)
    expect(read.network).toEqual(network)
  })

  test.each(['vgg19', 'resnet8', 'fixup-resnet20'])('%s has no such option', (name) => {
    expect(() => buildNetwork(name, { input, classes: 10, kernel: dctps, stable: true })).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: expect.stringMatching(`${name} .* stable.*resnet18`),
      }),
    )
  })
})

describe('the width of a residual network', () => {
  test('scales all channels, and a model file keeps it', () => {
    const spec: ModelSpec = {
      architecture: 'resnet18',
      input,
      classes: 10,
      kernel: dctps,
      width: 8,
      support: { type: 'random', rule: 'epl', density: 0.01, seed: 0 },
    }
    const { network, supports } = buildSpec(spec)
    expect(network.layers.map(({ output }) => output.channels)).toContain(64)
    expect(Math.max(...network.layers.map(({ output }) => output.channels))).toBe(64)
    const values = initialValues(network, supports, Key.fromSeed(0))
    const classNames = Array.from({ length: 10 }, String)
    const normalisation = { mean: [0, 0, 0], std: [1, 1, 1] }
    const bytes = encodeModel({ spec, network, supports, parameters: values, normalisation, classNames })
    expect(decodeModel(bytes, 'model').spec).toEqual(spec)
  })

  test.each([
    ['vgg19', 32],
    ['resnet18', 0],
    ['resnet18', 1.5],
  ])('%s refuses a width of %d', (name, width) => {
    expect(() => buildNetwork(name, { input, classes: 10, kernel: dctps, width })).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining(`${name}`) }),
    )
  })
})
