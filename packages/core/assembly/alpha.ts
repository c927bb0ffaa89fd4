// The factor alpha of a DCTpS layer, `y = alpha * D x + S x`, and its gradient.

/** Below this `|alpha|`, {@link alphaBehindNorm} would divide the rounding errors of its sum by too small a number. */
const smallest: f32 = 1 / 64

/** Whether alpha is too small for {@link alphaBehindNorm}: two int32, `[yes, no]`, one of which is 1. */
export function alphaIsSmall(alpha: usize, answer: usize): void {
  const small = abs(load<f32>(alpha)) < smallest ? 1 : 0
  store<i32>(answer, small)
  store<i32>(answer, 1 - small, 4)
}

/**
 * Folds alpha into the scales of a transform: `scales[k] = alpha * base[k]`. A copy without alpha (0), or where the int32 at
 * `unless` (0: none) is not 0.
 */
export function foldAlpha(scales: usize, base: usize, alpha: usize, count: i32, unless: usize): void {
  let a: f32 = alpha ? load<f32>(alpha) : 1
  if (unless && load<i32>(unless)) a = 1
  for (let k: usize = 0; k < (<usize>count) << 2; k += 4) store<f32>(scales + k, a * load<f32>(base + k))
}

/**
 * One block's part of the gradient of alpha where a batch norm alone reads `y`. Since `alpha * dalpha + <S, dS> = <y, dy>`, and
 * the gradient that a batch norm passes on is orthogonal to its input but for its epsilon,
 *
 *     dalpha = (sum_c epsilon * gamma[c] * inverse[c]^2 * dgamma[c] - <S, dS>) / alpha
 *
 * `values`, `gradients`: [entries] float32 of S; `gammas`, `gammaGradients`: [channels] float32 of the batch norm; `moments` holds four
 * arrays of `channels` float32, of which the second is the inverse deviation.
 */
export function alphaBehindNorm(
  alpha: usize,
  values: usize,
  gradients: usize,
  entries: i32,
  gammas: usize,
  gammaGradients: usize,
  channels: i32,
  moments: usize,
  epsilon: f64,
  target: usize,
): void {
  let sum: f64 = 0
  const inverses = moments + ((<usize>channels) << 2)
  for (let c: usize = 0; c < (<usize>channels) << 2; c += 4) {
    const inverse = <f64>load<f32>(inverses + c)
    sum += <f64>load<f32>(gammas + c) * inverse * inverse * <f64>load<f32>(gammaGradients + c)
  }
  sum *= epsilon
  for (let e: usize = 0; e < (<usize>entries) << 2; e += 4)
    sum -= <f64>load<f32>(values + e) * <f64>load<f32>(gradients + e)
  store<f32>(target, <f32>(sum / <f64>load<f32>(alpha)))
}
