// What a growth pass finds, as the formula says it: all gradients at once, sorted.

/** The `count` positions of the largest gradients among those not kept, ties to the lower position; ascending. */
export function largestGradients(
  gradient: ArrayLike<number>,
  kept: ArrayLike<number>,
  count: number,
): Uint32Array {
  const isKept = new Set(Array.from(kept))
  const free = Array.from(gradient, (_, position) => position).filter((position) => !isKept.has(position))
  free.sort((a, b) => Math.abs(gradient[b]!) - Math.abs(gradient[a]!) || a - b)
  return Uint32Array.from(free.slice(0, count)).sort()
}
