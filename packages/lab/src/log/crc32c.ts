// CRC-32C (Castagnoli), the checksum of TFRecord files. Node's own `zlib.crc32` is another polynomial.

/** The Castagnoli polynomial 0x1EDC6F41 with its bits reversed: the table runs least significant bit first. */
const POLYNOMIAL = 0x82f63b78

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0)
  return remainder
})

/** CRC-32C of `bytes` as an unsigned 32-bit number (RFC 3720, section 12.1). */
export function crc32c(bytes: Uint8Array): number {
  let remainder = 0xffffffff
  for (const byte of bytes) remainder = (remainder >>> 8) ^ table[(remainder ^ byte) & 0xff]!
  return ~remainder >>> 0
}

/** The form a TFRecord stores, so that a checksum of data that holds checksums stays meaningful: rotated, offset. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const checksum = crc32c(bytes)
  return (((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0
}
