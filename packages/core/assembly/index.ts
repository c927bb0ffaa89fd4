// Every kernel that a program can call. All work on float32 tiles in the one imported memory and allocate nothing.

export * from './alpha'
export * from './batchnorm'
export * from './cosine'
export * from './dense'
export * from './dense-gradient'
export * from './depthwise'
export * from './depthwise-stride'
export * from './elementwise'
export * from './input'
export * from './loss'
export * from './mask'
export * from './materialise'
export * from './normalise'
export * from './normalise-gradient'
export * from './normalise-sums'
export * from './optimizer'
export * from './pad-channels'
export * from './peak'
export * from './pool'
export * from './rank'
export * from './scalar-affine'
export * from './sparse'
export * from './spectrum'
export * from './spectrum5'

/** First byte after the kernels' static data: what the runtime hands out lies above it. */
export function staticEnd(): usize {
  return __heap_base
}
