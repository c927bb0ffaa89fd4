import { expect, test } from 'vitest'
import { buildSpec } from '#core/models/spec'
import { compileProgram } from '#core/program/compile'
import type { Step } from '#core/program/step'

const { network, supports } = buildSpec({
  architecture: 'resnet18',
  input: { channels: 3, height: 32, width: 32 },
  classes: 10,
  kernel: { kind: 'dctps', alpha: 'trainable' },
  support: { type: 'random', rule: 'epl', density: 0.01, seed: 0 },
})
const program = compileProgram(network, supports, {
  batch: 8,
  input: { type: 'floats', source: network.input },
  optimizer: 'sgd',
})
const steps = program.gradient!.steps
const byRows = steps.filter(({ scope, rows }) => scope === 'blocks' && rows > 1)

const looksAhead = ({ calls }: Step) => calls.some(({ first }) => first > 0)

test('steps over rows go there and back again, except where a row builds on the one before or others run ahead', () => {
  const ordered = byRows.filter(
    (step) => looksAhead(step) || step.calls.some(({ kernel }) => kernel === 'addSpectra'),
  )
  expect(ordered.length).toBeGreaterThan(10)
  expect(ordered.every(({ descending }) => !descending)).toBe(true)
  const free = byRows.slice(1).filter((step) => !ordered.includes(step))
  for (const step of free) expect(step.descending).not.toBe(byRows[byRows.indexOf(step) - 1]!.descending)
  expect(free.filter(({ descending }) => descending).length).toBeGreaterThan(20)
})

test('a 3x3 layer that alone reads a batch norm writes its rows itself, one before it reads them, and so backwards', () => {
  const steps = byRows.filter(looksAhead)
  for (const kernel of ['normaliseRow', 'normaliseGradient'])
    expect(steps.filter(({ calls }) => calls[0]!.kernel === kernel).length).toBeGreaterThan(5)
  for (const { rows, calls } of steps) {
    expect(calls[0]).toMatchObject({ first: 0, end: rows - 1 })
    const others = calls.slice(1).filter(({ kernel }) => kernel !== 'fillZero')
    for (const call of others) expect(call).toMatchObject({ first: 1, end: rows })
  }
})

test('and clears the halo with it: behind each row, above with the first and below with the last', () => {
  const clearing = byRows.filter(
    (step) => looksAhead(step) && step.calls.some(({ kernel }) => kernel === 'fillZero'),
  )
  expect(clearing.filter(({ calls }) => calls[0]!.kernel === 'normaliseRow').length).toBeGreaterThan(10)
  expect(clearing.filter(({ calls }) => calls[0]!.kernel === 'normaliseGradient').length).toBeGreaterThan(3)
  for (const { rows, calls } of clearing) {
    const cleared = calls.filter(({ kernel }) => kernel === 'fillZero').map(({ first, end }) => [first, end])
    expect(cleared).toEqual([
      [0, 1],
      [0, rows - 1],
      [rows - 2, rows - 1],
    ])
  }
})

test('no other step goes back', () => {
  const others = steps.filter((step) => !byRows.includes(step))
  expect(others.some(({ descending }) => descending)).toBe(false)
})
