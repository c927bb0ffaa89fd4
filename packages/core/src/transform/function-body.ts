// The body of one WebAssembly function: the instructions that transforms need, one method each, and the few shapes of
// loops. What the code does is decided by the emitters.

import { ByteWriter } from './byte-writer.js'

/** The format's code of the type. */
export const I32 = 0x7f
const V128 = 0x7b
const VOID = 0x40
/** log2 of the alignment of 4- and 16-byte accesses. */
const ALIGN_4 = 2
const ALIGN_16 = 4

/** Bytes of code that most functions stay below. */
const USUAL_BYTES = 2048

/** The body of one function: parameters are i32 locals `0 .. parameters-1`, further locals come as they are asked for. */
export class FunctionBody {
  readonly #code = new ByteWriter(USUAL_BYTES)
  /** Types of the further locals, in runs of one type. */
  readonly #locals: [type: number, count: number][] = []
  #nextLocal: number

  constructor(readonly parameters: number) {
    this.#nextLocal = parameters
  }

  newI32(): number {
    return this.#newLocal(I32)
  }

  newV128(): number {
    return this.#newLocal(V128)
  }

  get(local: number): void {
    this.#op(0x20, local)
  }

  set(local: number): void {
    this.#op(0x21, local)
  }

  /** Stores to a local and leaves the value on the stack. */
  tee(local: number): void {
    this.#op(0x22, local)
  }

  i32Const(value: number): void {
    this.#code.byte(0x41)
    this.#code.signed(value)
  }

  i32Add(): void {
    this.#code.byte(0x6a)
  }

  i32Sub(): void {
    this.#code.byte(0x6b)
  }

  /** Reads the word at `address + offset` into nothing: its line is in the cache then. */
  touch(address: number, offset: number): void {
    this.get(address)
    this.#code.byte(0x28)
    this.#access(ALIGN_4, offset)
    this.#code.byte(0x1a)
  }

  i32Multiply(): void {
    this.#code.byte(0x6c)
  }

  /** Address, byte and count on the stack: fills memory. */
  memoryFill(): void {
    this.#code.append([0xfc, 0x0b, 0x00])
  }

  /** `if (local >= limit) local -= limit`, unsigned. */
  subtractIfNotBelow(local: number, limit: number): void {
    this.get(local)
    this.get(limit)
    this.i32Const(0)
    this.get(local)
    this.get(limit)
    this.#code.append([0x4f, 0x1b]) // i32.ge_u, select
    this.i32Sub()
    this.set(local)
  }

  call(index: number): void {
    this.#op(0x10, index)
  }

  /** Address on the stack -> 4 floats. */
  load(offset: number): void {
    this.#simd(0x00)
    this.#access(ALIGN_16, offset)
  }

  /** Address on the stack -> 4 copies of one float. */
  loadSplat(offset: number): void {
    this.#simd(0x09)
    this.#access(ALIGN_4, offset)
  }

  /** Address and 4 floats on the stack -> memory. */
  store(offset: number): void {
    this.#simd(0x0b)
    this.#access(ALIGN_16, offset)
  }

  zero(): void {
    this.#simd(0x0c)
    for (let i = 0; i < 16; i++) this.#code.byte(0)
  }

  negate(): void {
    this.#simd(0xe1)
  }

  add(): void {
    this.#simd(0xe4)
  }

  subtract(): void {
    this.#simd(0xe5)
  }

  multiply(): void {
    this.#simd(0xe6)
  }

  /** Relaxed SIMD: a, b, c on the stack -> `a * b + c`. */
  addProduct(): void {
    this.#simd(0x105)
  }

  /** Relaxed SIMD: a, b, c on the stack -> `c - a * b`. */
  subtractProduct(): void {
    this.#simd(0x106)
  }

  /** `pointer += bytes`. */
  advance(pointer: number, bytes: number): void {
    if (bytes === 0) return
    this.get(pointer)
    this.i32Const(bytes)
    this.i32Add()
    this.set(pointer)
  }

  /** `pointer += step`. */
  advanceBy(pointer: number, step: number): void {
    this.get(pointer)
    this.get(step)
    this.i32Add()
    this.set(pointer)
  }

  returnIfZero(local: number): void {
    this.get(local)
    this.#code.append([0x45, 0x04, VOID, 0x0f, 0x0b])
  }

  /** Runs `body` where `local & bit` is 0. */
  unlessBit(local: number, bit: number, body: () => void): void {
    this.get(local)
    this.i32Const(bit)
    this.#code.append([0x71, 0x45, 0x04, VOID]) // i32.and, i32.eqz, if
    body()
    this.#code.byte(0x0b)
  }

  /** Runs `body` `counter` times, at least once; the local counts down to zero. */
  countDown(counter: number, body: () => void): void {
    this.#code.byte(0x03)
    this.#code.byte(VOID)
    body()
    this.get(counter)
    this.i32Const(1)
    this.i32Sub()
    this.tee(counter)
    this.#op(0x0d, 0)
    this.#code.byte(0x0b)
  }

  /** Runs `body` until nothing remains, each time with `part` set to `atMost` of what remains, or to all of it. */
  countDownBy(remaining: number, part: number, atMost: number, body: () => void): void {
    const taken = this.newI32()
    this.#code.append([0x03, VOID])
    this.i32Const(atMost)
    this.get(remaining)
    this.i32Const(atMost)
    this.get(remaining)
    this.#code.append([0x49, 0x1b]) // i32.lt_u, select
    this.tee(part)
    this.set(taken)
    body()
    this.get(remaining)
    this.get(taken)
    this.i32Sub()
    this.tee(remaining)
    this.#op(0x0d, 0)
    this.#code.byte(0x0b)
  }

  /** Runs `body` `times` times; a single run needs no loop. */
  repeat(times: number, body: () => void): void {
    if (times === 1) {
      body()
      return
    }
    const counter = this.newI32()
    this.i32Const(times)
    this.set(counter)
    this.countDown(counter, body)
  }

  /** Appends the function as an entry of the code section. */
  encode(section: ByteWriter): void {
    const locals = new ByteWriter(64)
    locals.unsigned(this.#locals.length)
    for (const [type, count] of this.#locals) {
      locals.unsigned(count)
      locals.byte(type)
    }
    section.unsigned(locals.length + this.#code.length + 1)
    section.append(locals.view())
    section.append(this.#code.view())
    section.byte(0x0b)
  }

  #newLocal(type: number): number {
    const last = this.#locals.at(-1)
    if (last?.[0] === type) last[1]++
    else this.#locals.push([type, 1])
    return this.#nextLocal++
  }

  #op(code: number, operand: number): void {
    this.#code.byte(code)
    this.#code.unsigned(operand)
  }

  #simd(code: number): void {
    this.#code.byte(0xfd)
    this.#code.unsigned(code)
  }

  #access(align: number, offset: number): void {
    this.#code.unsigned(align)
    this.#code.unsigned(offset)
  }
}
