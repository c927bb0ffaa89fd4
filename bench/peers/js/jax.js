#!/usr/bin/env node
// LeNet-5 in jax-js on its WebAssembly device, compiled as a whole step by `jit`. In Node it has one thread.

import { readFileSync } from 'node:fs'
import {
  blockUntilReady,
  defaultDevice,
  init,
  jit,
  lax,
  nn,
  numpy as np,
  tree,
  valueAndGrad,
} from '@jax-js/jax'
import { adam, classes, imageShape, kernels } from './lenet5.js'
import { runPeer } from './peer.js'

async function start(values, { x, labels }) {
  await init('wasm')
  defaultDevice('wasm')
  const batch = labels.length
  let parameters = kernels.map(([name, shape]) => np.array(values.get(name)).reshape(shape))
  let moments = kernels.map(([, shape]) => ({ mean: np.zeros(shape), square: np.zeros(shape) }))
  let steps = 0
  const images = np.array(x).reshape([batch, ...imageShape])
  const targets = nn.oneHot(np.array(labels), classes)
  await blockUntilReady([images.ref, targets.ref])

  const loss = (weights, x, targets) =>
    nn
      .logSoftmax(forward(weights, x, batch))
      .mul(targets)
      .sum()
      .mul(-1 / batch)
  const differentiate = valueAndGrad(loss)
  const gradients = jit((weights, x, targets) => differentiate(weights, x, targets)[1])
  const logits = jit((weights, x) => forward(weights, x, batch))
  const train = jit((weights, moments, rate, x, targets) => {
    const slopes = differentiate(tree.ref(weights), x, targets)[1]
    const updated = weights.map((weight, i) => adamUpdate(weight, slopes[i], moments[i], rate.ref))
    rate.dispose()
    return [updated.map(({ weight }) => weight), updated.map(({ moment }) => moment)]
  })

  return {
    version: JSON.parse(readFileSync(new URL('node_modules/@jax-js/jax/package.json', import.meta.url)))
      .version,
    async step() {
      steps++
      // The corrections of both moments, folded into the rate.
      const rate = (adam.learningRate * Math.sqrt(1 - adam.beta2 ** steps)) / (1 - adam.beta1 ** steps)
      ;[parameters, moments] = train(parameters, moments, np.array(rate), images.ref, targets.ref)
      await blockUntilReady(tree.ref([parameters, moments]))
    },
    async evaluate() {
      const slopes = gradients(tree.ref(parameters), images.ref, targets.ref)
      const named = await Promise.all(kernels.map(async ([name], i) => [name, await slopes[i].data()]))
      return new Map([['logits', await logits(tree.ref(parameters), images.ref).data()], ...named])
    },
  }
}

function forward([w1, w2, w3, w4, w5], x, batch) {
  const conv = (x, w) => nn.relu(lax.conv(x, w, [1, 1], 'VALID'))
  const features = conv(pool(conv(pool(conv(x, w1)), w2)), w3).reshape([batch, w3.shape[0]])
  return np.matmul(nn.relu(np.matmul(features, w4.transpose())), w5.transpose())
}

/** The mean of each 2 x 2 square. */
function pool(x) {
  const [images, channels, height, width] = x.shape
  return np.mean(x.reshape([images, channels, height / 2, 2, width / 2, 2]), [3, 5])
}

function adamUpdate(weight, slope, { mean, square }, rate) {
  const gradient = slope.add(weight.ref.mul(adam.weightDecay))
  const nextMean = mean.mul(adam.beta1).add(gradient.ref.mul(1 - adam.beta1))
  const nextSquare = square.mul(adam.beta2).add(np.square(gradient).mul(1 - adam.beta2))
  const step = nextMean.ref.mul(rate).div(np.sqrt(nextSquare.ref).add(adam.epsilon))
  return { weight: weight.sub(step), moment: { mean: nextMean, square: nextSquare } }
}

await runPeer(process.argv.slice(2), start)
