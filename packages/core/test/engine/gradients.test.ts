import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ReferenceNetwork } from '../reference/network.js'
import { arbitraryLayerCase, arbitraryNetwork } from '../reference/random-network.js'
import { expectNear } from './compare.js'
import { runCase } from './run.js'

describe('one layer', () => {
  test('output and gradients equal the float64 reference for random shapes, kinds and batches', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryLayerCase(), fc.constantFrom(4, 8, 16, 32), async (layerCase, lanes) => {
        const reference = new ReferenceNetwork(layerCase.network, layerCase.supports, layerCase.parameters)
        const logits = reference.forward(layerCase.x, 'train')
        const expected = reference.backwardFrom(layerCase.dy)
        const ours = await runCase(layerCase, { objective: 'upstream', upstream: layerCase.dy, lanes })
        expectNear('y', ours.logits, logits, 2e-6)
        expectNear('dx', ours.inputGradient, expected.input, 2e-6)
        // Gradients of parameters are sums over images and positions that may cancel: relative to what is summed.
        const summed = Math.hypot(...layerCase.dy)
        for (const [name, gradient] of expected.parameters) {
          expectNear(name, ours.gradients.get(name)!, gradient, 2e-6, summed)
        }
      }),
      { numRuns: 150, seed: 1 },
    )
  })
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
