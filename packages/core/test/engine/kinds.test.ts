import fc from 'fast-check'
import { describe, test } from 'vitest'
import type { KernelLayer } from '#core/network/layer'
import { kernelLayers, type Network } from '#core/network/network'
import { kernelName } from '#core/network/parameters'
import { effectiveWeight } from '../reference/kernel.js'
import { ReferenceNetwork } from '../reference/network.js'
import { arbitraryLayerCase, arbitraryNetwork, type NetworkCase } from '../reference/random-network.js'
import { expectNear } from './compare.js'
import { type EngineCase, runCase } from './run.js'

/** The same network with dense kernels: S scattered into zeros, and `alpha * D` written out ([P] section 1). */
function denseTwin({ network, supports, parameters, images, x }: NetworkCase): EngineCase {
  const reference = new ReferenceNetwork(network, supports, parameters)
  const dense: Network = {
    ...network,
    layers: network.layers.map((layer) => (isKernel(layer) ? { ...layer, kind: 'dense' } : layer)),
  }
  const values = new Map<string, ArrayLike<number>>(parameters)
  for (const layer of kernelLayers(network)) {
    const prefix = kernelName(layer)
    const bias = values.get(`${prefix}.bias`)
    values.delete(`${prefix}.weight`)
    values.delete(`${prefix}.bias`)
    values.delete(`${layer.name}.scaling`)
    values.set(`${layer.name}.weight`, effectiveWeight(reference.kernelOf(layer)))
    if (bias !== undefined) values.set(`${layer.name}.bias`, bias)
  }
  return { network: dense, supports: new Map(), parameters: values, images, x }
}

function isKernel(layer: Network['layers'][number]): layer is KernelLayer {
  return layer.op === 'conv2d' || layer.op === 'linear'
}

/** The entries of a dense weight's gradient that a support keeps. */
function onSupport(gradient: ArrayLike<number>, support: Uint32Array): Float64Array {
  return Float64Array.from(support, (flat) => gradient[flat]!)
}

/** A bias has one name in a DCTpS layer and another in a dense one. */
function denseName(network: Network, name: string): string {
  const layer = kernelLayers(network).find((candidate) => name.startsWith(`${kernelName(candidate)}.`))
  return layer === undefined ? name : `${layer.name}.${name.slice(kernelName(layer).length + 1)}`
}

describe('a sparse or DCTpS kernel equals the dense one with its weight written out', () => {
  test('for single layers: output, input gradient, and the gradient on the support', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryLayerCase().filter(({ layer }) => layer.kind !== 'dense'),
        async (layerCase) => {
          const { layer, supports, dy } = layerCase
          const options = { objective: 'upstream', upstream: dy } as const
          const ours = await runCase(layerCase, options)
          const dense = await runCase(denseTwin(layerCase), options)
          const summed = Math.hypot(...dy)
          expectNear('y', ours.logits, dense.logits, 2e-6)
          expectNear('dx', ours.inputGradient, dense.inputGradient, 2e-6)
          const expected = onSupport(dense.gradients.get(`${layer.name}.weight`)!, supports.get(layer.id)!)
          expectNear('dS', ours.gradients.get(`${kernelName(layer)}.weight`)!, expected, 2e-6, summed)
        },
      ),
      { numRuns: 100, seed: 9 },
    )
  })

  test('for whole networks: logits, loss, every gradient, running statistics', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryNetwork().filter(({ network }) => kernelLayers(network)[0]!.kind !== 'dense'),
        async (networkCase) => {
          const { network, supports, labels, parameters, x } = networkCase
          const reference = new ReferenceNetwork(network, supports, parameters)
          reference.forward(x, 'train')
          fc.pre(reference.kinkMargin() > 1e-5)
          const ours = await runCase(networkCase, { labels })
          const dense = await runCase(denseTwin(networkCase), { labels })
          expectNear('logits', ours.logits, dense.logits, 1e-4)
          expectNear('loss', [ours.lossSum], [dense.lossSum], 1e-4, networkCase.images)
          const weights = new Map(
            kernelLayers(network).map((layer) => [`${kernelName(layer)}.weight`, supports.get(layer.id)!]),
          )
          for (const [name, gradient] of ours.gradients) {
            if (name.endsWith('.scaling')) continue
            const theirs = dense.gradients.get(denseName(network, name))!
            const support = weights.get(name)
            expectNear(
              name,
              gradient,
              support === undefined ? theirs : onSupport(theirs, support),
              2e-3,
              1e-2,
            )
          }
          for (const [name, values] of ours.buffers)
            if (!name.endsWith('.scaling')) expectNear(name, values, dense.buffers.get(name)!, 1e-4)
        },
      ),
      { numRuns: 60, seed: 10 },
    )
  })
})
