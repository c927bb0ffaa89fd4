// What a run of the bench found: the shape of its JSON file. Keys are stable; new ones may be added.

import type { KernelKind } from 'dctps'

/** One emitted transform on tiles of 32 images, on one thread. Times are for one output pixel of one image. */
export interface TransformRow {
  /** e.g. `conv 3x3 64->64` */
  readonly layer: string
  readonly direction: 'forward' | 'adjoint'
  readonly nanoseconds: number
  /** The dense matrix product of the same layer on the same tiles. */
  readonly denseNanoseconds: number
  /** The float64 product with the stored matrix; null where the matrix would be too large to wait for. */
  readonly referenceNanoseconds: number | null
  /** Emitting the code, and the engine's optimising compilation of it. */
  readonly buildMilliseconds: number
  readonly codeBytes: number
}

/** One layer with all its parts, on one thread. */
export interface LayerRow {
  readonly layer: string
  readonly kind: KernelKind
  /** 1 for dense kernels. */
  readonly density: number
  readonly batch: number
  readonly forwardImagesPerSecond: number
  /** All gradients: of the input, of the kernel's stored values, of alpha. */
  readonly backwardImagesPerSecond: number
}

/** What a training step is a step of. */
export interface StepCase {
  readonly network: string
  readonly kind: KernelKind
  /** 1 for dense kernels. */
  readonly density: number
  readonly batch: number
  readonly threads: number
}

/** Whole training steps: load a batch, forward, backward, Adam. */
export interface StepRow extends StepCase {
  readonly imagesPerSecond: number
  /** Largest resident memory of the process, as the system counts it. */
  readonly peakMegabytes: number
  /** From the start of the process to the end of its first step, with transforms that an earlier process has emitted. */
  readonly startSeconds: number
  /** The same where none has; null for peers, which emit none. */
  readonly coldStartSeconds: number | null
  /** Share of the machine that other work took meanwhile, in the median turn; above 0.1 do not trust the figures. */
  readonly otherLoad: number
}

/** The same steps in another library, measured in turns with ours. */
export interface PeerRow extends StepRow {
  /** e.g. `PyTorch 1.13.0`. Those in JavaScript use one thread, whatever `threads` says. */
  readonly peer: string
  /** `published`: as the public DCTpS code computes this kind; `dense`: the plain dense network. */
  readonly approach: 'published' | 'dense'
  /** Our images/s over theirs. */
  readonly speedup: number
}

/** A case that could not be measured. */
export interface UnmeasuredRow extends StepCase {
  /** `dctps`, or the peer and how it computes, e.g. `PyTorch, published`. */
  readonly by: string
  readonly reason: string
}

/** One layer of d inputs and d outputs, forward and backward, on one thread. */
export interface LayerGrowthRow {
  readonly d: number
  readonly kind: KernelKind
  /** As it was asked for; a small layer cannot have exactly so many weights. */
  readonly density: number
  /** Stored weights: d^2 in a dense layer. */
  readonly nonZeros: number
  readonly batch: number
  /** For one image. */
  readonly microseconds: number
  /** The same by the fitted model. */
  readonly modelMicroseconds: number
}

export interface LayerGrowth {
  readonly rows: readonly LayerGrowthRow[]
  /** For one image: DCTpS takes the first times d log2 d and the second times its stored weights, dense the third times d^2. */
  readonly model: {
    readonly nanosecondsPerTransformStep: number
    readonly nanosecondsPerNonZero: number
    readonly nanosecondsPerDenseWeight: number
  }
}

/** Whole training steps of a network that is narrower or wider than usual. */
export interface NetworkGrowthRow extends Omit<StepRow, 'startSeconds'> {
  readonly width: number
  readonly storedWeights: number
}

export interface GrowthResults {
  readonly layers: LayerGrowth
  readonly networks: readonly NetworkGrowthRow[]
}

export interface BenchResults {
  readonly machine: { readonly processor: string; readonly cores: number; readonly node: string }
  readonly quick: boolean
  /** Share of the machine that other work took just before the run. */
  readonly otherLoad: number
  readonly transforms: readonly TransformRow[]
  readonly layers: readonly LayerRow[]
  readonly steps: readonly StepRow[]
  readonly peers: readonly PeerRow[]
  readonly unmeasured: readonly UnmeasuredRow[]
  /** Null unless it was asked for, and then alone. */
  readonly growth: GrowthResults | null
}
