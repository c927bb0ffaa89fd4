// A product added to a sum, in one rounding where the flavour of the build has it (relaxed SIMD), else in two.

/** `a * b + c` */
export function addProduct(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<f32>(a, b, c)
  return f32x4.add(c, f32x4.mul(a, b))
}

/** `c - a * b` */
export function subtractProduct(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_nmadd<f32>(a, b, c)
  return f32x4.sub(c, f32x4.mul(a, b))
}
