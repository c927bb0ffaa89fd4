// The dense LeNet-5 as the peers here build it: its kernels by their published names, in PyTorch's shapes.

/** Classes of the bench's images. */
export const classes = 10

/** Name and shape of each kernel: `[out, in, kh, kw]` or `[out, in]`. */
export const kernels = [
  ['convs.0.weight', [6, 3, 5, 5]],
  ['convs.3.weight', [16, 6, 5, 5]],
  ['convs.6.weight', [120, 16, 5, 5]],
  ['fcs.0.weight', [82, 120]],
  ['fcs.2.weight', [classes, 82]],
]

export const imageShape = [3, 32, 32]

/** Adam as the bench's other sides run it; weight decay is added to the gradient. */
export const adam = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 5e-4 }

/** A start, and a batch, for timing: small numbers of both signs (multiplicative hashing, Knuth). */
export function noise(length, scale) {
  return Float32Array.from({ length }, (_, i) => ((Math.imul(i + 1, 2654435761) >>> 8) / 2 ** 23 - 1) * scale)
}

/** Kaiming's deviation, as a bound of uniform numbers. */
export function startingKernels() {
  return new Map(
    kernels.map(([name, shape]) => {
      const [out, ...patch] = shape
      const inputs = patch.reduce((product, side) => product * side)
      return [name, noise(out * inputs, Math.sqrt(6 / inputs))]
    }),
  )
}

export function startingBatch(images) {
  return {
    x: noise(images * 3 * 32 * 32, 1),
    labels: Int32Array.from({ length: images }, (_, i) => i % classes),
  }
}
