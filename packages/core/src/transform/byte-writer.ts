// A growing buffer of bytes, with the variable-length integers of the WebAssembly binary format.

export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>
  #length = 0

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length)
  }

  /** The bytes written so far, not copied: good until the next byte is written. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1)
    this.#bytes[this.#length++] = value
  }

  append(bytes: ArrayLike<number>): void {
    if (this.#length + bytes.length > this.#bytes.length) this.#grow(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  unsigned(value: number): void {
    let rest = value >>> 0
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.byte(rest)
  }

  signed(value: number): void {
    let rest = value | 0
    for (;;) {
      const low = rest & 0x7f
      rest >>= 7
      const finished = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)
      this.byte(finished ? low : low | 0x80)
      if (finished) return
    }
  }

  name(ascii: string): void {
    this.unsigned(ascii.length)
    for (let i = 0; i < ascii.length; i++) this.byte(ascii.charCodeAt(i))
  }

  #grow(extra: number): void {
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + extra))
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}
