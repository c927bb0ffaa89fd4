// Reading and writing parameters, gradients and optimiser state of a running program, in the order of files: supports
// ascending, dense weights as PyTorch's.

import { DctpsError } from '../errors.js'
import { optimizerStates, type PlacedParameter } from '../program/parameter-layout.js'
import type { Program } from '../program/program.js'
import { patchLength, patchPosition } from '../shape/kernel.js'

export class ParameterStore {
  readonly #program: Program
  readonly #memory: WebAssembly.Memory
  readonly #byName: ReadonlyMap<string, PlacedParameter>

  constructor(program: Program, memory: WebAssembly.Memory) {
    this.#program = program
    this.#memory = memory
    this.#byName = new Map(program.layout.parameters.map((parameter) => [parameter.name, parameter]))
  }

  get parameters(): readonly PlacedParameter[] {
    return this.#program.layout.parameters
  }

  /** A copy of a parameter's values. */
  read(name: string): Float32Array {
    return this.#copy(this.#find(name), this.#find(name).address)
  }

  /** @throws DctpsError `usage` when the name is unknown or the length differs */
  write(name: string, values: ArrayLike<number>): void {
    const parameter = this.#find(name)
    this.#store(parameter, parameter.address, values)
  }

  /** The gradient after a batch of `images` in mode `gradient` or `train`, without weight decay. */
  gradient(name: string, images: number): Float32Array {
    const parameter = this.#find(name)
    if (parameter.gradient === null) throw new DctpsError('usage', `no gradient is computed for ${name}`)
    const blocks = parameter.gradientStride === 0 ? 1 : Math.ceil(images / this.#program.lanes)
    const sum = this.#copy(parameter, parameter.gradient)
    for (let block = 1; block < blocks; block++) {
      const partial = this.#copy(parameter, parameter.gradient + block * parameter.gradientStride)
      for (let i = 0; i < sum.length; i++) sum[i]! += partial[i]!
    }
    return sum
  }

  /** Names of the optimiser's state vectors, e.g. `momentum`. */
  get stateNames(): readonly string[] {
    return this.#program.optimizer === null ? [] : optimizerStates[this.#program.optimizer]
  }

  readState(name: string, state: number): Float32Array {
    const parameter = this.#find(name)
    return this.#copy(parameter, this.#stateAddress(parameter, state))
  }

  writeState(name: string, state: number, values: ArrayLike<number>): void {
    const parameter = this.#find(name)
    this.#store(parameter, this.#stateAddress(parameter, state), values)
  }

  #stateAddress(parameter: PlacedParameter, state: number): number {
    const address = parameter.states[state]
    if (address === undefined)
      throw new DctpsError('usage', `${parameter.name} has no optimiser state ${state}`)
    return address
  }

  #find(name: string): PlacedParameter {
    const parameter = this.#byName.get(name)
    if (parameter === undefined) {
      throw new DctpsError(
        'usage',
        `${this.#program.network.name} has no parameter ${name}; it has ${[...this.#byName.keys()].join(', ')}`,
      )
    }
    return parameter
  }

  #copy(parameter: PlacedParameter, address: number): Float32Array {
    const stored = new Float32Array(this.#memory.buffer, address, parameter.size)
    const { permutedBy } = parameter
    if (permutedBy === null) return stored.slice()
    const values = new Float32Array(parameter.size)
    const patch = patchLength(permutedBy)
    for (let flat = 0; flat < values.length; flat++) {
      const { row, column } = patchPosition(permutedBy, flat)
      values[flat] = stored[row * patch + column]!
    }
    return values
  }

  #store(parameter: PlacedParameter, address: number, values: ArrayLike<number>): void {
    if (values.length !== parameter.size) {
      throw new DctpsError(
        'usage',
        `${parameter.name} holds ${parameter.size} numbers, received ${values.length}`,
      )
    }
    const stored = new Float32Array(this.#memory.buffer, address, parameter.size)
    const { permutedBy } = parameter
    if (permutedBy === null) {
      stored.set(values)
      return
    }
    const patch = patchLength(permutedBy)
    for (let flat = 0; flat < values.length; flat++) {
      const { row, column } = patchPosition(permutedBy, flat)
      stored[row * patch + column] = values[flat]!
    }
  }
}
