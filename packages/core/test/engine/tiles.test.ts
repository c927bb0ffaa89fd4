import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tileLayout } from '#core/program/tiles'

/** Bytes that separate addresses of one set of a first-level cache of 64 sets of 64 bytes. */
const span = 4096

test('neighbouring rows lie in different sets of the cache, for little more memory', () => {
  const shapes = fc.record({
    channels: fc.oneof(fc.integer({ min: 1, max: 600 }), fc.constantFrom(32, 64, 96, 144, 512, 2048)),
    height: fc.integer({ min: 1, max: 40 }),
    width: fc.integer({ min: 1, max: 40 }),
  })
  fc.assert(
    fc.property(shapes, fc.constantFrom(4, 8, 16, 32), fc.constantFrom(0, 1, 2), (shape, lanes, halo) => {
      const { pitch, tileBytes, origin, bytes } = tileLayout(shape, lanes, halo)
      const packed = (shape.width + 2 * halo) * tileBytes
      expect(pitch % 16).toBe(0)
      expect(pitch).toBeGreaterThanOrEqual(packed)
      expect(pitch - packed).toBeLessThan(span / 2)
      expect(origin).toBe(halo * (pitch + tileBytes))
      expect(bytes).toBe((shape.height + 2 * halo) * pitch)
      if (packed < span) return
      const apart = pitch % span
      expect(Math.min(apart, span - apart)).toBeGreaterThanOrEqual(span / 8)
    }),
    { numRuns: 500, seed: 1 },
  )
})
