import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { kernelLayers } from '#core/network/network'
import { type BlockBuffer, type Lifetime, planArena } from '#core/program/arena'
import type { StepList } from '#core/program/builder'
import { compileProgram } from '#core/program/compile'
import { describeProgram } from '#core/program/describe'
import type { Program } from '#core/program/program'
import { arbitraryNetwork } from '../reference/random-network.js'

interface Draw {
  readonly bytes: number
  readonly first: number
  readonly length: number
}

const draws = fc.array(
  fc.record<Draw>({
    bytes: fc.integer({ min: 1, max: 5000 }),
    first: fc.nat({ max: 30 }),
    length: fc.nat({ max: 10 }),
  }),
  { minLength: 1, maxLength: 40 },
)

function plan(list: readonly Draw[]) {
  const buffers = list.map(({ bytes }, id): BlockBuffer => ({ id, name: `buffer ${id}`, bytes }))
  const lifetimes = new Map(
    list.map(({ first, length }, id): [number, Lifetime] => [id, { first, last: first + length }]),
  )
  return { buffers, lifetimes, ...planArena(buffers, lifetimes) }
}

type Placed = ReturnType<typeof planArena>['planned'][number]

function overlaps(a: Placed, b: Placed): boolean {
  const alive = a.first <= b.last && b.first <= a.last
  return alive && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes
}

function firstOverlap(planned: readonly Placed[]): string | null {
  for (const [index, a] of planned.entries()) {
    const b = planned.slice(index + 1).find((other) => overlaps(a, other))
    if (b !== undefined) return `${a.name} and ${b.name}`
  }
  return null
}

describe('the arena plan', () => {
  test('never lets two buffers that are alive at one step overlap, and keeps all inside, on cache lines', () => {
    fc.assert(
      fc.property(draws, (list) => {
        const { planned, bytes, lifetimes } = plan(list)
        expect(planned.length).toBe(list.length)
        expect(firstOverlap(planned)).toBeNull()
        for (const buffer of planned) {
          expect(buffer.offset % 64).toBe(0)
          expect(buffer.offset + buffer.bytes).toBeLessThanOrEqual(bytes)
          expect({ first: buffer.first, last: buffer.last }).toEqual(lifetimes.get(buffer.id))
          expect(buffer.bytes).toBe(list[buffer.id]!.bytes)
        }
      }),
      { numRuns: 500, seed: 15 },
    )
  })

  test('takes no more than all buffers side by side, and no less than what is alive at once', () => {
    fc.assert(
      fc.property(draws, (list) => {
        const { bytes } = plan(list)
        const aligned = (size: number) => Math.ceil(size / 64) * 64
        const sum = (chosen: readonly Draw[]) =>
          chosen.reduce((total, draw) => total + aligned(draw.bytes), 0)
        expect(bytes).toBeLessThanOrEqual(sum(list))
        for (let step = 0; step <= 40; step++) {
          const alive = list.filter(({ first, length }) => first <= step && step <= first + length)
          expect(bytes).toBeGreaterThanOrEqual(sum(alive))
        }
      }),
      { numRuns: 200, seed: 16 },
    )
  })

  test('reuses memory: buffers that follow each other take the room of the largest', () => {
    const following = [300, 100, 200].map((bytes, step) => ({ bytes, first: 2 * step, length: 1 }))
    expect(plan(following).bytes).toBe(320)
  })

  test('leaves out buffers that no step touches', () => {
    const buffers = [{ id: 0, name: 'unused', bytes: 100 }]
    expect(planArena(buffers, new Map())).toEqual({ planned: [], bytes: 0 })
  })
})

function listsOf(program: Program): StepList[] {
  return [program.evaluate, program.gradient, program.update].filter((list) => list !== null)
}

describe('a compiled program', () => {
  const programs = arbitraryNetwork().map(({ network, supports, images }) =>
    compileProgram(network, supports, {
      batch: images,
      input: { type: 'floats', source: network.input },
      optimizer: 'adam',
    }),
  )

  test('plans no two live buffers over each other, and keeps every block inside the arena', () => {
    fc.assert(
      fc.property(programs, (program) => {
        for (const { buffers } of listsOf(program)) {
          expect(firstOverlap(buffers)).toBeNull()
          for (const { offset, bytes } of buffers)
            expect(offset + bytes).toBeLessThanOrEqual(program.memory.blockBytes)
        }
      }),
      { numRuns: 100, seed: 17 },
    )
  })

  test('is described step by step, with the name of the layer and the multiply-adds of kernels', () => {
    fc.assert(
      fc.property(programs, (program) => {
        const lines = describeProgram(program, 2).split('\n')
        expect(lines[0]).toBe(
          `${program.network.name}: batch ${program.batch} in ${program.blocks} blocks of ${program.lanes} images`,
        )
        const steps = lines.filter((line) => /^[= ] {0,3}\d+ {2}/.test(line)).map((line) => line.slice(7))
        expect(steps.length).toBe(listsOf(program).reduce((sum, list) => sum + list.steps.length, 0))
        for (const layer of program.network.layers) {
          // On a single pixel a flattening changes nothing and has no step.
          const input = layer.op === 'flatten' ? program.network.layers[layer.input]! : null
          if (input !== null && input.output.height * input.output.width === 1) continue
          expect(
            steps.some((step) => step.startsWith(`${layer.name} `)),
            layer.name,
          ).toBe(true)
        }
        for (const layer of kernelLayers(program.network)) {
          const line = steps.find((step) => step.startsWith(`${layer.name} forward  `))
          const nonZeros = program.supports.get(layer.id)?.length
          if (layer.kind === 'sparse' && nonZeros !== 0) {
            const { height, width } = layer.output
            expect(line).toContain(`${nonZeros! * height * width} multiply-adds an image`)
          } else if (layer.kind !== 'sparse') expect(line).toMatch(/ \d+ multiply-adds an image$/)
        }
      }),
      { numRuns: 50, seed: 18 },
    )
  })
})
