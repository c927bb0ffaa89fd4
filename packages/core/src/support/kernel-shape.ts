// A kernel as the support rules see it: a name and the shape of its dense weight. Counting only; no network, no values.

import { DctpsError } from '../errors.js'

export interface KernelShape {
  readonly name: string
  /** `[Cout, Cg, K, K]` or `[out, in]`. */
  readonly shape: readonly number[]
}

/** Weights of the dense kernel. */
export function weightEntries(kernel: KernelShape): number {
  return kernel.shape.reduce((product, size) => product * size, 1)
}

/** Rows of the weight: output channels or features. */
export function filters(kernel: KernelShape): number {
  return kernel.shape[0] ?? 0
}

/** Weights of all kernels. */
export function totalEntries(kernels: readonly KernelShape[]): number {
  return kernels.reduce((sum, kernel) => sum + weightEntries(kernel), 0)
}

/**
 * @throws DctpsError `usage` when there is no kernel or a shape is not a list of positive integers
 */
export function checkKernelShapes(kernels: readonly KernelShape[]): void {
  if (kernels.length === 0) {
    throw new DctpsError('usage', 'a support needs at least one kernel; the network has none')
  }
  for (const { name, shape } of kernels) {
    if (shape.length === 0 || !shape.every((size) => Number.isSafeInteger(size) && size > 0)) {
      throw new DctpsError(
        'usage',
        `kernel ${name}: a weight's shape must be positive integers such as [out, in] or [Cout, Cg, K, K], received [${shape.join(', ')}]`,
      )
    }
  }
}
