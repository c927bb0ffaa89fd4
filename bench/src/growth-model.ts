// How the time of a layer of d inputs and d outputs grows: as `a d log2 d + b nnz` for a DCTpS layer, as `c d^2` for a
// dense one. Fitted by least squares on relative errors, so that small layers count as much as large ones.

/** What one layer took. */
export interface LayerTime {
  readonly d: number
  readonly nonZeros: number
  readonly seconds: number
}

export interface DctpsModel {
  /** Seconds for each of d log2 d. */
  readonly perTransformStep: number
  /** Seconds for each stored weight. */
  readonly perNonZero: number
}

export function fitDctps(times: readonly LayerTime[]): DctpsModel {
  // Normal equations of |a u + b v - 1|, with u and v the two terms over the time.
  let uu = 0
  let uv = 0
  let vv = 0
  let u1 = 0
  let v1 = 0
  for (const { d, nonZeros, seconds } of times) {
    const u = transformSteps(d) / seconds
    const v = nonZeros / seconds
    uu += u * u
    uv += u * v
    vv += v * v
    u1 += u
    v1 += v
  }
  const determinant = uu * vv - uv * uv
  return {
    perTransformStep: (u1 * vv - v1 * uv) / determinant,
    perNonZero: (v1 * uu - u1 * uv) / determinant,
  }
}

/** @returns seconds for each weight */
export function fitDense(times: readonly LayerTime[]): number {
  let ww = 0
  let w1 = 0
  for (const { d, seconds } of times) {
    const w = d ** 2 / seconds
    ww += w * w
    w1 += w
  }
  return w1 / ww
}

export function dctpsSeconds(
  { perTransformStep, perNonZero }: DctpsModel,
  d: number,
  nonZeros: number,
): number {
  return perTransformStep * transformSteps(d) + perNonZero * nonZeros
}

function transformSteps(d: number): number {
  return d * Math.log2(d)
}

/**
 * The exponent with which times grow from the smallest d to the largest: the slope of a straight line through them on
 * logarithmic axes.
 */
export function growthExponent(times: readonly { readonly d: number; readonly seconds: number }[]): number {
  const points = times.map(({ d, seconds }) => ({ x: Math.log(d), y: Math.log(seconds) }))
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const centreX = mean(points.map(({ x }) => x))
  const centreY = mean(points.map(({ y }) => y))
  const slope = mean(points.map(({ x, y }) => (x - centreX) * (y - centreY)))
  return slope / mean(points.map(({ x }) => (x - centreX) ** 2))
}
