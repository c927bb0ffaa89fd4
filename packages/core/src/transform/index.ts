// The DCT of a DCTpS layer: by formula, as an op list, and as emitted WebAssembly.

export { compileTransform, type SpectrumRequest, type TransformRequest } from './compile.js'
export { cosineScales, cosineTable } from './cosine-table.js'
export { factorDct } from './factor.js'
export { factorSmallSpectrum, hasSmallSpectrum, tapPhases5 } from './factor-small-spectrum.js'
export { factorLocalSpectrum, hasLocalSpectrum, type SpectrumShape, tapPhases } from './factor-spectrum.js'
export { countFlops, type FlopCount } from './lower.js'
export { evaluate, type Operation, type OpList, printOpList, transpose } from './oplist.js'
export { dctMatrix, product, type TransformShape, transposedProduct } from './reference.js'
export { hasRelaxedSimd, type SimdFlavour, simdFlavours } from './simd.js'
export { emitTransform, type StraightTuning } from './straight.js'
export type { EmittedTransform, TileGeometry } from './tile-geometry.js'
