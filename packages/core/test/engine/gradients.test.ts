import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { kernelLayers, NetworkBuilder } from '#core/network/network'
import { enableRelaxedSimd } from '#core/node'
import { compileProgram } from '#core/program/compile'
import { activationSize } from '#core/shape/activation'
import type { SimdFlavour } from '#core/transform/simd'
import { Lcg } from '../reference/lcg.js'
import { ReferenceNetwork } from '../reference/network.js'
import {
  arbitraryLayerCase,
  arbitraryNetwork,
  fillNetwork,
  type LayerCase,
} from '../reference/random-network.js'
import { expectNear } from './compare.js'
import { runCase } from './run.js'

/** Runs one layer through engine and reference, and compares all that the layer computes. */
async function expectLayerAgrees(
  layerCase: LayerCase,
  lanes: number,
  simd: SimdFlavour = 'plain',
): Promise<void> {
  const reference = new ReferenceNetwork(layerCase.network, layerCase.supports, layerCase.parameters)
  const logits = reference.forward(layerCase.x, 'train')
  const expected = reference.backwardFrom(layerCase.dy)
  const ours = await runCase(layerCase, { objective: 'upstream', upstream: layerCase.dy, lanes, simd })
  expectNear('y', ours.logits, logits, 2e-6)
  expectNear('dx', ours.inputGradient, expected.input, 2e-6)
  // Gradients of parameters are sums over images and positions that may cancel: relative to what is summed.
  const summed = Math.hypot(...layerCase.dy)
  for (const [name, gradient] of expected.parameters) {
    expectNear(name, ours.gradients.get(name)!, gradient, 2e-6, summed)
  }
}

/** Both where this machine has both. */
const flavours = fc.constantFrom<SimdFlavour>('plain', enableRelaxedSimd() ? 'relaxed' : 'plain')

describe('one layer', () => {
  test('output and gradients equal the float64 reference for random shapes, kinds and batches', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryLayerCase(), fc.constantFrom(4, 8, 16, 32), flavours, expectLayerAgrees),
      { numRuns: 150, seed: 1 },
    )
  })

  // Shapes of the paper's networks, on small images: lengths that random small shapes never reach.
  test.each([
    { inputs: 16, outputs: 120, size: 5, image: 5 },
    { inputs: 1, outputs: 6, size: 5, image: 13 },
    { inputs: 3, outputs: 6, size: 5, image: 12 },
    { inputs: 6, outputs: 16, size: 5, image: 14 },
    { inputs: 4, outputs: 90, size: 5, image: 12 },
    { inputs: 64, outputs: 64, size: 3, padding: 1, image: 4 },
    { inputs: 16, outputs: 16, size: 3, padding: 1, image: 1 },
    { inputs: 16, outputs: 40, size: 3, padding: 1, image: 2 },
    { inputs: 18, outputs: 32, size: 3, padding: 1, image: 5 },
    { inputs: 96, outputs: 17, size: 3, padding: 1, image: 3 },
    { inputs: 256, outputs: 512, size: 3, padding: 1, image: 1 },
    { inputs: 512, outputs: 512, size: 3, padding: 1, image: 2 },
    { inputs: 64, outputs: 128, size: 3, stride: 2, padding: 1, image: 5 },
    { inputs: 64, outputs: 256, size: 1, image: 3 },
    { inputs: 256, outputs: 64, size: 1, image: 3 },
    { inputs: 128, outputs: 256, size: 1, stride: 2, image: 5 },
    { inputs: 3, outputs: 64, size: 7, stride: 2, padding: 3, image: 8 },
    { inputs: 96, outputs: 96, size: 3, stride: 2, padding: 1, groups: 96, image: 5 },
    { inputs: 20, outputs: 20, size: 3, padding: 1, groups: 20, image: 5 },
    { inputs: 32, outputs: 48, size: 3, padding: 1, groups: 4, image: 4 },
    { inputs: 320, outputs: 1280, size: 1, image: 2 },
    { inputs: 512, outputs: 100, size: 1, image: 1 },
    { inputs: 101, outputs: 211, size: 1, image: 1 },
  ])(
    '$inputs -> $outputs, $size x $size, as the float64 reference',
    async ({ image, inputs, outputs, ...options }) => {
      const builder = new NetworkBuilder(
        'layer',
        { channels: inputs, height: image, width: image },
        { kind: 'dctps' },
      )
      builder.flatten(builder.conv2d('layer', builder.input, outputs, { bias: true, ...options }))
      const network = builder.build()
      const random = new Lcg(inputs + outputs)
      const filled = fillNetwork(network, 2, 0.05, random)
      const layer = kernelLayers(network)[0]!
      const dy = random.values(2 * activationSize(layer.output))
      await expectLayerAgrees({ ...filled, layer, dy }, 4, enableRelaxedSimd() ? 'relaxed' : 'plain')
      await expectLayerAgrees({ ...filled, layer, dy }, 8)
    },
  )
})

describe('rows that are cut into chunks', () => {
  // Tiles so large that a row does not stay in the cache.
  test.each([
    { inputs: 512, outputs: 384, size: 1, image: 6 },
    { inputs: 512, outputs: 512, size: 1, stride: 2, image: 12 },
    { inputs: 480, outputs: 480, size: 3, padding: 1, groups: 480, image: 6 },
    { inputs: 257, outputs: 64, size: 3, padding: 1, image: 6 },
  ])(
    '$inputs -> $outputs, $size x $size, as the float64 reference',
    async ({ image, inputs, outputs, ...options }) => {
      const builder = new NetworkBuilder(
        'layer',
        { channels: inputs, height: image, width: image },
        { kind: 'dctps' },
      )
      builder.flatten(builder.conv2d('layer', builder.input, outputs, { bias: true, ...options }))
      const filled = fillNetwork(builder.build(), 1, 0.02, new Lcg(inputs))
      const layer = kernelLayers(filled.network)[0]!
      const program = compileProgram(filled.network, filled.supports, {
        batch: 1,
        lanes: 32,
        input: { type: 'floats', source: filled.network.input },
        optimizer: 'sgd',
        objective: 'upstream',
      })
      const cut = program.gradient?.steps.filter((step) => step.chunk < step.columns) ?? []
      expect(cut.length).toBeGreaterThan(0)
      const dy = new Lcg(outputs).values(activationSize(layer.output))
      await expectLayerAgrees({ ...filled, layer, dy }, 32, enableRelaxedSimd() ? 'relaxed' : 'plain')
    },
  )
})

describe('a network', () => {
  test('loss, logits and all gradients equal the float64 reference', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryNetwork(), async (networkCase) => {
        const { network, supports, parameters, labels, images } = networkCase
        const reference = new ReferenceNetwork(network, supports, parameters)
        const logits = reference.forward(networkCase.x, 'train')
        fc.pre(reference.kinkMargin() > 1e-5)
        const { loss, gradients } = reference.backward(labels)
        const ours = await runCase(networkCase, { labels })
        expect(Math.abs(ours.lossSum / images - loss)).toBeLessThan(1e-4 * (1 + loss))
        expectNear('logits', ours.logits, logits, 1e-4)
        for (const [name, gradient] of gradients.parameters) {
          expectNear(name, ours.gradients.get(name)!, gradient, 2e-3, 1e-2)
        }
        for (const [name, values] of ours.buffers) {
          if (name.endsWith('scaling')) continue
          expectNear(name, values, reference.parameters.get(name)!, 1e-4)
        }
        const evaluated = await runCase(networkCase, { mode: 'evaluate', labels })
        const untouched = new ReferenceNetwork(network, supports, parameters)
        expectNear('evaluation logits', evaluated.logits, untouched.forward(networkCase.x, 'eval'), 1e-4)
      }),
      { numRuns: 100, seed: 2 },
    )
  })
})
