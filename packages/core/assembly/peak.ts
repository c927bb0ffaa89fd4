// The most multiply-adds that this processor does in vectors of four: a yardstick for the other kernels.

import { laneSum } from './elementwise'
import { addProduct } from './fused'

/** Does `turns * 40` multiply-adds. @returns their sum, so that they cannot be left out */
export function multiplyAddPeak(turns: i32): f64 {
  const factor = f32x4.splat(0.5)
  let a = f32x4.splat(1)
  let b = a
  let c = a
  let d = a
  let e = a
  let f = a
  let g = a
  let h = a
  let i = a
  let j = a
  for (let turn = 0; turn < turns; turn++) {
    a = addProduct(factor, a, factor)
    b = addProduct(factor, b, factor)
    c = addProduct(factor, c, factor)
    d = addProduct(factor, d, factor)
    e = addProduct(factor, e, factor)
    f = addProduct(factor, f, factor)
    g = addProduct(factor, g, factor)
    h = addProduct(factor, h, factor)
    i = addProduct(factor, i, factor)
    j = addProduct(factor, j, factor)
  }
  a = f32x4.add(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)), f32x4.add(e, f))
  return laneSum(f32x4.add(a, f32x4.add(f32x4.add(g, h), f32x4.add(i, j))))
}
