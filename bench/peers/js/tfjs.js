#!/usr/bin/env node
// LeNet-5 in TensorFlow.js, on the backend that the first argument names: `cpu` (plain JavaScript) or `wasm`. Its kernels
// are `[kh, kw, in, out]`, its images channels-last.

// The library greets with an advice to install another package.
console.warn = () => {}
const tf = await import('@tensorflow/tfjs')
const { adam, classes, imageShape, kernels } = await import('./lenet5.js')
const { runPeer } = await import('./peer.js')

const [backend, ...args] = process.argv.slice(2)

async function start(values, { x, labels }) {
  if (backend === 'wasm') await import('@tensorflow/tfjs-backend-wasm')
  if (!(await tf.setBackend(backend))) throw new Error(`the backend ${backend} does not start`)
  const batch = labels.length
  const weights = kernels.map(([name, shape]) =>
    tf.variable(tf.tidy(() => tf.transpose(tf.tensor(values.get(name), shape), toTensorflow(shape)))),
  )
  const images = tf.tidy(() => tf.transpose(tf.tensor(x, [batch, ...imageShape]), [0, 2, 3, 1]))
  const targets = tf.oneHot(tf.tensor1d(labels, 'int32'), classes)
  const optimizer = tf.train.adam(adam.learningRate, adam.beta1, adam.beta2, adam.epsilon)
  const loss = () => tf.losses.softmaxCrossEntropy(targets, forward(weights, images))
  const slopes = (withDecay) =>
    tf.tidy(() => {
      const { grads } = tf.variableGrads(loss, weights)
      if (!withDecay) return grads
      return Object.fromEntries(
        weights.map((weight) => [weight.name, grads[weight.name].add(weight.mul(adam.weightDecay))]),
      )
    })

  return {
    version: tf.version.tfjs,
    async step() {
      const gradients = slopes(true)
      optimizer.applyGradients(gradients)
      tf.dispose(gradients)
      await weights[0].data()
    },
    async evaluate() {
      const gradients = slopes(false)
      const named = kernels.map(([name, shape], i) => {
        const back = tf.transpose(gradients[weights[i].name], fromTensorflow(shape))
        return [name, back.dataSync()]
      })
      return new Map([['logits', forward(weights, images).dataSync()], ...named])
    },
  }
}

function forward([w1, w2, w3, w4, w5], images) {
  const conv = (x, w) => tf.relu(tf.conv2d(x, w, 1, 'valid'))
  const pool = (x) => tf.avgPool(x, 2, 2, 'valid')
  const features = tf.reshape(conv(pool(conv(pool(conv(images, w1)), w2)), w3), [images.shape[0], -1])
  return tf.matMul(tf.relu(tf.matMul(features, w4)), w5)
}

/** The order of axes that makes a kernel of PyTorch's one of TensorFlow's, and the other way. */
const toTensorflow = (shape) => (shape.length === 4 ? [2, 3, 1, 0] : [1, 0])
const fromTensorflow = (shape) => (shape.length === 4 ? [3, 2, 0, 1] : [1, 0])

await runPeer(args, start)
