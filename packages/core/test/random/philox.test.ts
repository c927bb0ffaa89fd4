// The block function against the vectors published with the authors' Random123 library (kat_vectors).

import { expect, test } from 'vitest'
import { philox4x32 } from '#core/random/philox'

function block(counter: readonly number[], key: readonly number[]): string {
  const out = new Uint32Array(4)
  philox4x32(counter[0]!, counter[1]!, counter[2]!, counter[3]!, key[0]!, key[1]!, out)
  return Array.from(out, (word) => word.toString(16).padStart(8, '0')).join(' ')
}

test('Philox4x32-10 gives the published known answers', () => {
  expect(block([0, 0, 0, 0], [0, 0])).toBe('6627e8d5 e169c58d bc57ac4c 9b00dbd8')
  const ones = 0xffffffff
  expect(block([ones, ones, ones, ones], [ones, ones])).toBe('408f276d 41c83b0e a20bc7c6 6d5451fd')
  expect(block([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toBe(
    'd16cfe09 94fdcceb 5001e420 24126ea1',
  )
})

test('Philox4x32-10 agrees with the formula in big integers', () => {
  const mask = 0xffffffffn
  const reference = (counter: readonly number[], key: readonly number[]) => {
    let [x0, x1, x2, x3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint]
    let [k0, k1] = key.map(BigInt) as [bigint, bigint]
    for (let round = 0; round < 10; round++) {
      const [p0, p1] = [0xd2511f53n * x0, 0xcd9e8d57n * x2]
      ;[x0, x1, x2, x3] = [(p1 >> 32n) ^ x1 ^ k0, p1 & mask, (p0 >> 32n) ^ x3 ^ k1, p0 & mask]
      k0 = (k0 + 0x9e3779b9n) & mask
      k1 = (k1 + 0xbb67ae85n) & mask
    }
    return [x0, x1, x2, x3].map((x) => x.toString(16).padStart(8, '0')).join(' ')
  }
  for (let i = 0; i < 2000; i++) {
    const word = (salt: number) => Math.imul(i + salt, 0x9e3779b1 + 2 * salt) >>> 0
    const counter = [word(1), word(2), word(3), word(4)]
    const key = [word(5), word(6)]
    expect(block(counter, key)).toBe(reference(counter, key))
  }
})
