// Mean softmax cross-entropy of a batch of logits and its gradient.

/** `logits: [N, classes]`, one label an image; the gradient has the shape of the logits. */
export function crossEntropy(
  logits: Float64Array,
  labels: ArrayLike<number>,
): { loss: number; gradient: Float64Array } {
  const images = labels.length
  const classes = logits.length / images
  const gradient = new Float64Array(logits.length)
  let loss = 0
  for (let n = 0; n < images; n++) {
    const row = logits.subarray(n * classes, (n + 1) * classes)
    // Subtracting the largest logit changes neither result and keeps exp() finite.
    const largest = row.reduce((a, b) => Math.max(a, b))
    const logSum = largest + Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - largest), 0))
    loss -= (row[labels[n]!]! - logSum) / images
    for (let k = 0; k < classes; k++) {
      const target = k === labels[n] ? 1 : 0
      gradient[n * classes + k] = (Math.exp(row[k]! - logSum) - target) / images
    }
  }
  return { loss, gradient }
}
