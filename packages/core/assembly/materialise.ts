// A sparse layer whose support is nearly full, as a dense one: its matrix `alpha * D + S` is written out before each pass,
// and the gradients of the stored values are picked from the dense gradient.

/**
 * `target = alpha * matrix` (zero without a matrix), then `target[positions[e]] += values[e]`.
 * `target`, `matrix`: [entries] float32; `positions` [count] uint32
 */
export function materialise(
  target: usize,
  entries: i32,
  matrix: usize,
  alpha: usize,
  positions: usize,
  values: usize,
  count: i32,
): void {
  if (matrix) {
    const a = load<f32>(alpha)
    for (let i: usize = 0; i < (<usize>entries) << 2; i += 4)
      store<f32>(target + i, a * load<f32>(matrix + i))
  } else {
    memory.fill(target, 0, (<usize>entries) << 2)
  }
  for (let e: usize = 0; e < (<usize>count) << 2; e += 4) {
    const at = target + ((<usize>load<u32>(positions + e)) << 2)
    store<f32>(at, load<f32>(at) + load<f32>(values + e))
  }
}

/** `gradient[e] = dense[positions[e]]`, and with a matrix `dot = <matrix, dense>`, the gradient of alpha. */
export function gatherGradient(
  dense: usize,
  entries: i32,
  positions: usize,
  gradient: usize,
  count: i32,
  matrix: usize,
  dot: usize,
): void {
  for (let e: usize = 0; e < (<usize>count) << 2; e += 4) {
    store<f32>(gradient + e, load<f32>(dense + ((<usize>load<u32>(positions + e)) << 2)))
  }
  if (!matrix) return
  let sum: f64 = 0
  for (let i: usize = 0; i < (<usize>entries) << 2; i += 4) {
    sum += <f64>load<f32>(dense + i) * <f64>load<f32>(matrix + i)
  }
  store<f32>(dot, <f32>sum)
}
