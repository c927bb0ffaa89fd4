import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { crc32c, maskedCrc32c } from '#lab/log/crc32c'

describe('CRC-32C', () => {
  // RFC 3720, appendix B.4, and the check value of the CRC catalogue.
  test.each([
    ['32 zero bytes', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['bytes 0 to 31', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['bytes 31 to 0', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    ['the digits 1 to 9', new TextEncoder().encode('123456789'), 0xe3069283],
  ])('of %s is the published value', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected)
  })

  test('equals division by the polynomial, bit by bit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        let remainder = 0xffffffffn
        for (const byte of bytes) {
          for (let bit = 0n; bit < 8n; bit++) {
            const carry = (remainder ^ (BigInt(byte) >> bit)) & 1n
            remainder = (remainder >> 1n) ^ (carry * 0x82f63b78n)
          }
        }
        expect(crc32c(bytes)).toBe(Number(remainder ^ 0xffffffffn))
      }),
    )
  })

  test('masked, is what TensorFlow writes for the length of a first event', () => {
    // Event files of TensorFlow begin with these twelve bytes: a length of 24 and its checksum.
    const length = Uint8Array.of(24, 0, 0, 0, 0, 0, 0, 0)
    expect(maskedCrc32c(length)).toBe(Buffer.of(0xa3, 0x7f, 0x4b, 0x22).readUInt32LE())
  })
})
