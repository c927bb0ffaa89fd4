// SGD with momentum and Adam as PyTorch defines them, with weight decay as L2: added to the gradient, not decoupled.
// State belongs to names; a parameter without a gradient is left alone.

type Named = ReadonlyMap<string, Float64Array>

export class ReferenceSgd {
  learningRate: number
  readonly #momentum: number
  readonly #weightDecay: number
  readonly #buffers = new Map<string, Float64Array>()

  constructor(options: { learningRate: number; momentum: number; weightDecay: number }) {
    this.learningRate = options.learningRate
    this.#momentum = options.momentum
    this.#weightDecay = options.weightDecay
  }

  /** Changes the parameters in place. */
  step(parameters: Named, gradients: Named): void {
    for (const [name, gradient] of gradients) {
      const values = valuesOf(parameters, name)
      // Starting from zeros is PyTorch's first step too: buf = m * 0 + g = g.
      const buffer = stateOf(this.#buffers, name, values.length)
      for (let i = 0; i < values.length; i++) {
        const g = gradient[i]! + this.#weightDecay * values[i]!
        buffer[i] = this.#momentum * buffer[i]! + g
        values[i]! -= this.learningRate * buffer[i]!
      }
    }
  }
}

export class ReferenceAdam {
  learningRate: number
  readonly #betas: readonly [number, number]
  readonly #epsilon: number
  readonly #weightDecay: number
  readonly #first = new Map<string, Float64Array>()
  readonly #second = new Map<string, Float64Array>()
  #steps = 0

  constructor(options: {
    learningRate: number
    weightDecay: number
    betas?: readonly [number, number]
    epsilon?: number
  }) {
    this.learningRate = options.learningRate
    this.#weightDecay = options.weightDecay
    this.#betas = options.betas ?? [0.9, 0.999]
    this.#epsilon = options.epsilon ?? 1e-8
  }

  /** Changes the parameters in place. */
  step(parameters: Named, gradients: Named): void {
    this.#steps++
    const [beta1, beta2] = this.#betas
    for (const [name, gradient] of gradients) {
      const values = valuesOf(parameters, name)
      const m = stateOf(this.#first, name, values.length)
      const v = stateOf(this.#second, name, values.length)
      for (let i = 0; i < values.length; i++) {
        const g = gradient[i]! + this.#weightDecay * values[i]!
        m[i] = beta1 * m[i]! + (1 - beta1) * g
        v[i] = beta2 * v[i]! + (1 - beta2) * g * g
        const mHat = m[i]! / (1 - beta1 ** this.#steps)
        const vHat = v[i]! / (1 - beta2 ** this.#steps)
        values[i]! -= (this.learningRate * mHat) / (Math.sqrt(vHat) + this.#epsilon)
      }
    }
  }
}

function valuesOf(parameters: Named, name: string): Float64Array {
  const values = parameters.get(name)
  if (values === undefined) throw new Error(`there is a gradient of ${name}, but no such parameter`)
  return values
}

function stateOf(states: Map<string, Float64Array>, name: string, size: number): Float64Array {
  const state = states.get(name) ?? new Float64Array(size)
  states.set(name, state)
  return state
}
