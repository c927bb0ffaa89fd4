import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countFlops, type LinearCode, lower } from '#core/transform/lower'
import { evaluate, type Operation, type OpList, transpose } from '#core/transform/oplist'
import { schedule } from '#core/transform/schedule'
import { noise } from './measure.js'

/** The code, instruction by instruction. */
function interpret(code: LinearCode, x: Float64Array): number[] {
  const values = new Float64Array(code.values)
  values.set(x)
  for (const { target, sources, coefficients } of code.groups.flat()) {
    values[target] = sources.reduce((sum, source, at) => sum + coefficients[at]! * values[source]!, 0)
  }
  return code.outputs.map((output) => (output === undefined ? 0 : output.scale * values[output.value]!))
}

const half = Math.SQRT1_2
const shapes: readonly (readonly [inputs: number, matrix: readonly number[]])[] = [
  [2, [half, half, half, -half]],
  [2, [half, -half]],
  [2, [0.8, 0.6, -0.6, 0.8]],
  [2, [1, 0, 1, 1]],
  [1, [-1]],
  [1, [0.3, half]],
  [3, [0.2, 0.5, -0.7, 0.9, 0.1, 0.4]],
  [3, [1, 1, 1]],
]

/** Lists of five inputs that take random unread rows through random small matrices; what stays unread is the output. */
const lists: fc.Arbitrary<OpList> = fc
  .array(fc.tuple(fc.nat(shapes.length - 1), fc.nat(100)), { maxLength: 14 })
  .map((choices) => {
    let rows = 5
    const unread = [0, 1, 2, 3, 4]
    const operations: Operation[] = []
    for (const [choice, at] of choices) {
      const [width, matrix] = shapes[choice]!
      if (unread.length < width) continue
      const inputs = Array.from({ length: width }, () => unread.splice(at % unread.length, 1)[0]!)
      const outputs = Array.from({ length: matrix.length / width }, () => rows++)
      unread.push(...outputs)
      operations.push({ inputs, outputs, matrix })
    }
    // One row that is never written: zero.
    return { rows: rows + 1, inputs: [0, 1, 2, 3, 4], outputs: [...unread, rows], operations }
  })

describe('lower', () => {
  it('gives code for the same map, for random lists and their transposes', () => {
    fc.assert(
      fc.property(lists, fc.integer({ min: 1, max: 30 }), (list, groupSize) => {
        for (const direction of [list, transpose(list)]) {
          const x = noise(direction.inputs.length, 3)
          const code = lower(direction, schedule(direction, groupSize))
          const expected = [...evaluate(direction, x)]
          expect(interpret(code, x)).toEqual(expected.map((value) => expect.closeTo(value, 12)))
        }
      }),
      { numRuns: 300 },
    )
  })

  it('needs no multiplication inside a tree of butterflies, and one for each output', () => {
    const operations = [
      { inputs: [0, 1], outputs: [4, 5], matrix: [half, half, half, -half] },
      { inputs: [2, 3], outputs: [6, 7], matrix: [half, half, half, -half] },
      { inputs: [4, 6], outputs: [8, 9], matrix: [half, half, half, -half] },
    ]
    const list = { rows: 10, inputs: [0, 1, 2, 3], outputs: [5, 7, 8, 9], operations }
    expect(countFlops(list)).toEqual({ additions: 6, multiplications: 4 })
  })

  it('multiplies once where rows of unlike scale meet in a butterfly', () => {
    const operations = [
      { inputs: [0], outputs: [2], matrix: [0.3] },
      { inputs: [1, 2], outputs: [3, 4], matrix: [half, half, half, -half] },
    ]
    const list = { rows: 5, inputs: [0, 1], outputs: [3, 4], operations }
    expect(countFlops(list)).toEqual({ additions: 2, multiplications: 1 + 2 })
  })
})

describe('schedule', () => {
  it('keeps every operation once, after the operations that it reads from, in groups of bounded size', () => {
    fc.assert(
      fc.property(lists, fc.integer({ min: 1, max: 30 }), (list, groupSize) => {
        const groups = schedule(list, groupSize)
        const order = groups.flat()
        expect(new Set(order)).toEqual(new Set(list.operations))
        expect(order.length).toBe(list.operations.length)
        const written = new Set(list.inputs)
        for (const { inputs, outputs } of order) {
          for (const row of inputs) expect(written.has(row)).toBe(true)
          for (const row of outputs) written.add(row)
        }
        for (const group of groups) {
          const additions = group.reduce((sum, o) => sum + o.outputs.length * (o.inputs.length - 1), 0)
          if (group.length > 1) expect(additions).toBeLessThanOrEqual(groupSize)
        }
      }),
    )
  })
})
