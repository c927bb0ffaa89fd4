import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { adjointRows, forwardRows, type SupportRows } from '#core/program/support-rows'
import { tileLayout } from '#core/program/tiles'
import type { KernelGeometry } from '#core/shape/kernel'
import { kernelEntries } from '#core/shape/kernel'

const lanes = 4
const size = 3
const images = { height: 5, width: 6 }

const cases = fc
  .record({
    groups: fc.constantFrom(1, 2, 3),
    groupInputs: fc.integer({ min: 1, max: 3 }),
    groupOutputs: fc.integer({ min: 1, max: 3 }),
  })
  .chain(({ groups, groupInputs, groupOutputs }) => {
    const geometry: KernelGeometry = {
      inChannels: groups * groupInputs,
      outChannels: groups * groupOutputs,
      size,
      stride: 1,
      padding: 1,
      groups,
    }
    return fc.record({
      geometry: fc.constant(geometry),
      indices: fc
        .subarray([...Array(kernelEntries(geometry)).keys()], { minLength: 1 })
        .map((list) => Uint32Array.from(list)),
    })
  })

/** Output channel, input channel and tap of a weight, by its flat index `((o * Cg + c) * K + kh) * K + kw`. */
function weightAt({ inChannels, outChannels, groups }: KernelGeometry, flat: number) {
  const perOutput = (inChannels / groups) * size * size
  const o = Math.floor(flat / perOutput)
  const c = Math.floor((flat % perOutput) / (size * size))
  const group = Math.floor(o / (outChannels / groups))
  return {
    o,
    c: group * (inChannels / groups) + c,
    kh: Math.floor((flat % (size * size)) / size),
    kw: flat % size,
  }
}

/** Channel of each stored value, by its place in the rows. */
function channelsOf({ channels }: SupportRows): number[] {
  let start = 0
  return channels.flatMap(({ channel, end }) => {
    const count = end - start
    start = end
    return Array<number>(count).fill(channel)
  })
}

describe('the rows of a support', () => {
  test('forward: entries by output channel, partners in the patch', () => {
    fc.assert(
      fc.property(cases, ({ geometry, indices }) => {
        const layout = tileLayout({ channels: geometry.inChannels, ...images }, lanes, 1)
        const rows = forwardRows(geometry, indices, layout, false)
        const channels = channelsOf(rows)
        expect([...rows.order].sort((a, b) => a - b)).toEqual([...indices.keys()])
        rows.order.forEach((value, place) => {
          const { o, c, kh, kw } = weightAt(geometry, indices[value]!)
          expect(channels[place]).toBe(o)
          expect(rows.offsets[place]).toBe(kh * layout.pitch + kw * layout.tileBytes + c * layout.rowBytes)
        })
      }),
    )
  })

  test('adjoint: entries by input channel, partners the outputs that see the pixel through that tap', () => {
    fc.assert(
      fc.property(cases, ({ geometry, indices }) => {
        const layout = tileLayout({ channels: geometry.outChannels, ...images }, lanes, 1)
        const rows = adjointRows(geometry, indices, layout, false)
        const channels = channelsOf(rows)
        rows.order.forEach((value, place) => {
          const { o, c, kh, kw } = weightAt(geometry, indices[value]!)
          expect(channels[place]).toBe(c)
          // Input pixel p is tap (kh, kw) of output pixel p + 1 - tap; the window starts at p - 1.
          const expected = (2 - kh) * layout.pitch + (2 - kw) * layout.tileBytes + o * layout.rowBytes
          expect(rows.offsets[place]).toBe(expected)
        })
      }),
    )
  })

  test('channels without entries have a row only where every one is wanted', () => {
    fc.assert(
      fc.property(cases, ({ geometry, indices }) => {
        const layout = tileLayout({ channels: geometry.inChannels, ...images }, lanes, 1)
        const all = forwardRows(geometry, indices, layout, true).channels.map(({ channel }) => channel)
        const some = forwardRows(geometry, indices, layout, false).channels.map(({ channel }) => channel)
        const used = new Set(Array.from(indices, (flat) => weightAt(geometry, flat).o))
        expect(all).toEqual([...Array(geometry.outChannels).keys()])
        expect(some).toEqual([...used].sort((a, b) => a - b))
      }),
    )
  })
})
