// Programs that keep decisions: what passes a rectification or a max pool is decided by one pass and stays so in the next.

import { expect, test } from 'vitest'
import { type Network, NetworkBuilder } from '#core/network/network'
import { parameters } from '#core/network/parameters'
import { createNodeRunner } from '#core/node'
import { compileProgram } from '#core/program/compile'
import type { Mode } from '#core/runtime/executor'
import { Lcg } from '../reference/lcg.js'

const images = 37

/** Linear but for what it decides: a rectification with a residual, another in place, and an overlapping max pool. */
function decidingNetwork(): Network {
  const net = new NetworkBuilder('deciding', { channels: 2, height: 5, width: 5 }, { kind: 'dense' })
  const first = net.scalarAffine(net.conv2d('conv1', net.input, 4, { size: 3, padding: 1 }), {
    rectified: true,
  })
  const second = net.conv2d('conv2', first, 4, { size: 3, padding: 1 })
  const sum = net.scalarAffine(second, { residual: first, rectified: true, scale: 0.5, offset: 0.25 })
  net.linear('linear', net.flatten(net.maxPool(sum, 3, 2)), 3)
  return net.build()
}

async function open(decisions: 'own' | 'kept', threads: number) {
  const network = decidingNetwork()
  const input = { type: 'floats', source: network.input } as const
  const program = compileProgram(network, new Map(), { batch: images, input, optimizer: 'sgd', decisions })
  const runner = await createNodeRunner(program, threads)
  const draws = new Lcg(7)
  const x = draws.values(images * 50)
  const values = new Map(parameters(network, new Map()).map(({ name, size }) => [name, draws.values(size)]))
  const write = (scale: number) => {
    for (const [name, array] of values)
      runner.parameters.write(
        name,
        array.map((value) => scale * value),
      )
  }
  const run = async (mode: Mode) => {
    const slot = await runner.nextSlot()
    slot.floats.set(x)
    slot.labels.forEach((_, image) => {
      slot.labels[image] = image % 3
    })
    await runner.submit(slot, images, mode)
    const gradients = [...values.keys()].map((name) => runner.parameters.gradient(name, images))
    return { logits: slot.logits.slice(), gradients }
  }
  return { runner, write, run }
}

test.each([1, 2])(
  'with the parameters that decided, all numbers are those of a usual program (%i threads)',
  async (threads) => {
    const [own, kept] = [await open('own', 1), await open('kept', threads)]
    own.write(1)
    kept.write(1)
    await kept.run('evaluate')
    expect(await kept.run('gradient')).toEqual(await own.run('gradient'))
    own.runner.close()
    kept.runner.close()
  },
)

test('other parameters decide nothing anew: with all signs turned, what passed still passes', async () => {
  const { runner, write, run } = await open('kept', 1)
  write(1)
  const before = await run('evaluate')
  // Each kernel times -1: an odd number of sign changes along the branch, none of them seen by the masks.
  write(-1)
  const turned = await run('gradient')
  write(1)
  expect((await run('gradient')).logits).toEqual(before.logits)
  // A usual network passes other units.
  const own = await open('own', 1)
  own.write(-1)
  expect(turned.logits).not.toEqual((await own.run('gradient')).logits)
  // Through the branch and the residual the signs are: linear o (0.5 conv2 + 1) o conv1, all turned.
  write(-1)
  await run('evaluate')
  expect((await run('gradient')).logits).toEqual((await own.run('gradient')).logits)
  own.runner.close()
  runner.close()
})
