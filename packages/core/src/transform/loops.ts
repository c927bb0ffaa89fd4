// The loops that passes are made of, as WebAssembly functions on strips: addresses, distances and counts are parameters,
// a row's vectors are unrolled.

import { FunctionBody } from './function-body.js'
import { FLOAT, VECTOR } from './tile-geometry.js'

/** Products that are summed up before they are added to the others: long sums in float32 lose digits. */
const PARTIAL_SUM = 64

/**
 * `output[i] (+)= table[i] * input[i]`, i < count. Parameters: input, inputStep, output, outputStep, table, tableStep,
 * count; steps in bytes.
 */
export function emitScaleLoop(vectors: number, store: 'assign' | 'accumulate'): FunctionBody {
  const body = new FunctionBody(7)
  const [input, inputStep, output, outputStep, table, tableStep, count] = [0, 1, 2, 3, 4, 5, 6]
  const factor = body.newV128()
  body.countDown(count, () => {
    body.get(table)
    body.loadSplat(0)
    body.set(factor)
    for (let vector = 0; vector < vectors; vector++) {
      body.get(output)
      body.get(input)
      body.load(vector * VECTOR)
      body.get(factor)
      body.multiply()
      if (store === 'accumulate') {
        body.get(output)
        body.load(vector * VECTOR)
        body.add()
      }
      body.store(vector * VECTOR)
    }
    body.advanceBy(input, inputStep)
    body.advanceBy(output, outputStep)
    body.advanceBy(table, tableStep)
  })
  return body
}

/**
 * `(output0[i], output1[i]) = table[i] (input0[i], input1[i])`, 2 x 2 matrices, row-major. Parameters: input0, inputStep0,
 * input1, inputStep1, output0, outputStep0, output1, outputStep1, table, tableStep, count; steps in bytes.
 */
export function emitPairLoop(vectors: number): FunctionBody {
  const body = new FunctionBody(11)
  const [inputs, inputSteps] = [[0, 2] as const, [1, 3] as const]
  const [outputs, outputSteps] = [[4, 6] as const, [5, 7] as const]
  const [table, tableStep, count] = [8, 9, 10]
  const entries = [0, 1, 2, 3].map(() => body.newV128())
  const values = [body.newV128(), body.newV128()] as const
  const product = (value: number, entry: number) => {
    body.get(value)
    body.get(entries[entry]!)
    body.multiply()
  }
  body.countDown(count, () => {
    entries.forEach((local, entry) => {
      body.get(table)
      body.loadSplat(entry * FLOAT)
      body.set(local)
    })
    for (let vector = 0; vector < vectors; vector++) {
      for (const side of [0, 1] as const) {
        body.get(inputs[side])
        body.load(vector * VECTOR)
        body.set(values[side])
      }
      for (const side of [0, 1] as const) {
        body.get(outputs[side])
        product(values[0], 2 * side)
        product(values[1], 2 * side + 1)
        body.add()
        body.store(vector * VECTOR)
      }
    }
    for (const side of [0, 1] as const) {
      body.advanceBy(inputs[side], inputSteps[side])
      body.advanceBy(outputs[side], outputSteps[side])
    }
    body.advanceBy(table, tableStep)
  })
  return body
}

/**
 * The loop of a `CosinePass`. Parameters: input, inputCount, inputFactor, inputFactorStep, output, outputCount,
 * outputFactor, outputFactorStep, table, period (the table's length).
 */
export function emitCosineLoop(vectors: number): FunctionBody {
  const body = new FunctionBody(10)
  const [input, inputCount, inputFactor, inputFactorStep] = [0, 1, 2, 3]
  const [output, outputCount, outputFactor, outputFactorStep] = [4, 5, 6, 7]
  const [table, period] = [8, 9]
  const [row, rows, partial] = [body.newI32(), body.newI32(), body.newI32()]
  const [index, indexStep] = [body.newI32(), body.newI32()]
  const newSums = () => Array.from({ length: vectors }, () => body.newV128())
  const [sums, partialSums] = [newSums(), newSums()]
  const cosine = body.newV128()
  const clear = (locals: readonly number[]) => {
    for (const local of locals) {
      body.zero()
      body.set(local)
    }
  }
  const product = (a: number, b: number, result: number) => {
    body.get(a)
    body.get(b)
    body.i32Multiply()
    body.set(result)
  }
  const addProducts = () => {
    body.get(index)
    body.i32Const(FLOAT)
    body.i32Multiply()
    body.get(table)
    body.i32Add()
    body.loadSplat(0)
    body.set(cosine)
    partialSums.forEach((sum, vector) => {
      body.get(row)
      body.load(vector * VECTOR)
      body.get(cosine)
      body.multiply()
      body.get(sum)
      body.add()
      body.set(sum)
    })
    body.advance(row, vectors * VECTOR)
    body.advanceBy(index, indexStep)
    body.subtractIfNotBelow(index, period)
  }
  body.countDown(outputCount, () => {
    product(outputFactor, inputFactor, index)
    product(outputFactor, inputFactorStep, indexStep)
    body.get(input)
    body.set(row)
    body.get(inputCount)
    body.set(rows)
    clear(sums)
    body.countDownBy(rows, partial, PARTIAL_SUM, () => {
      clear(partialSums)
      body.countDown(partial, addProducts)
      sums.forEach((sum, vector) => {
        body.get(sum)
        body.get(partialSums[vector]!)
        body.add()
        body.set(sum)
      })
    })
    sums.forEach((sum, vector) => {
      body.get(output)
      body.get(sum)
      body.store(vector * VECTOR)
    })
    body.advance(output, vectors * VECTOR)
    body.advanceBy(outputFactor, outputFactorStep)
  })
  return body
}
