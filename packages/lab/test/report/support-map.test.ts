import { describe, expect, test } from 'vitest'
import { drawSupportMap } from '#lab/report/support-map'

describe('the map of a support', () => {
  test('puts output channels in rows and (kh, kw, channel) in columns, darker for larger magnitudes', () => {
    // Shape [2, 2, 2, 2]; flat index ((o*Cg + c)*K + kh)*K + kw, column (kh*K + kw)*Cg + c.
    const flat = (o: number, c: number, kh: number, kw: number) => ((o * 2 + c) * 2 + kh) * 2 + kw
    const map = drawSupportMap(
      {
        name: 'conv',
        shape: [2, 2, 2, 2],
        nonZeros: 3,
        positions: Uint32Array.of(flat(0, 1, 0, 0), flat(0, 0, 1, 1), flat(1, 1, 1, 0)),
        values: Float32Array.of(-2, 1, 0),
      },
      1000,
    )!
    expect([map.columns, map.rows, map.bin]).toEqual([8, 2, 1])
    const dark = [...map.grey].flatMap((grey, cell) => (grey < 255 ? [[cell, grey]] : []))
    expect(dark).toEqual([
      [1, 0],
      [6, 95],
      [8 + 5, 190],
    ])
  })

  test('of a large layer is binned and loses no stored weight', () => {
    const positions = Uint32Array.from({ length: 50 }, (_, i) => i * 1000 * 20 + i * 17)
    const map = drawSupportMap(
      { name: 'fc', shape: [1000, 1000], nonZeros: 50, positions, values: null },
      2500,
    )!
    expect(map.bin).toBe(20)
    expect(map.grey.length).toBe(2500)
    const expected = new Set(
      Array.from(positions, (p) => Math.floor(p / 20000) * 50 + Math.floor((p % 1000) / 20)),
    )
    expect(new Set([...map.grey].flatMap((grey, cell) => (grey === 0 ? [cell] : [])))).toEqual(expected)
  })

  test('of a dense layer is drawn from all values; of an unknown one not at all; of an empty one white', () => {
    const layer = { name: 'fc', shape: [1, 3], nonZeros: 3, positions: null }
    expect([...drawSupportMap({ ...layer, values: Float32Array.of(1, 0.5, Number.NaN) }, 100)!.grey]).toEqual(
      [0, 95, 190],
    )
    expect(drawSupportMap({ ...layer, values: null }, 100)).toBeNull()
    const empty = { ...layer, nonZeros: 0, positions: new Uint32Array(), values: new Float32Array() }
    expect([...drawSupportMap(empty, 100)!.grey]).toEqual([255, 255, 255])
  })
})
