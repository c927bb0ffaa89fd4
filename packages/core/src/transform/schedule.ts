// The order in which an op list runs, and its cut into groups that become one function each. The list is bisected
// recursively: into independent parts where there are any, else into an earlier and a later half (Frigo, "A fast
// Fourier transform compiler", 1999). Whatever the number of registers or the size of a cache, some depth of the
// recursion fits it, and it works alike on pruned and on transposed lists.

import { type Operation, type OpList, operationSize } from './oplist.js'

/**
 * The operations of the list in an order that keeps related rows together, cut into consecutive groups. A group holds
 * at most `groupSize` additions, unless one operation alone is larger.
 */
export function schedule(list: OpList, groupSize: number): Operation[][] {
  const { order, unitStarts } = new Bisection(list, groupSize)
  const groups: Operation[][] = []
  let room = 0
  unitStarts.forEach((start, unit) => {
    const members = order.subarray(start, unitStarts[unit + 1] ?? order.length)
    let size = 0
    for (const at of members) size += operationSize(list.operations[at]!)
    if (size > room || groups.length === 0) {
      groups.push([])
      room = groupSize
    }
    const group = groups.at(-1)!
    for (const at of members) group.push(list.operations[at]!)
    room -= size
  })
  return groups
}

/**
 * Recursive bisection. Operations are named by their index in the list, which is a valid order of execution. A part is a
 * range of one array, whose members are put into their new order in place.
 */
class Bisection {
  readonly order: Int32Array
  /**
   * Where units start in the order: runs of operations that belong together, each of at most `unitSize` additions or a
   * single operation.
   */
  readonly unitStarts: number[] = []
  /** The operations that write the inputs of operation i: `sources[starts[i]] .. sources[starts[i + 1] - 1]`. */
  readonly #sources: Int32Array
  readonly #starts: Int32Array
  readonly #sizes: Int32Array
  /** The part that an operation currently belongs to; sources outside of it are ignored. */
  readonly #part: Int32Array
  #parts = 0
  readonly #leader: Int32Array
  readonly #depth: Int32Array
  readonly #height: Int32Array
  /** A part's members while they are put into order, and the piece of the part that each goes to. */
  readonly #moved: Int32Array
  readonly #piece: Int32Array

  constructor(
    { rows, operations }: OpList,
    readonly unitSize: number,
  ) {
    const count = operations.length
    const reads = operations.reduce((sum, { inputs }) => sum + inputs.length, 0)
    this.#sources = new Int32Array(reads)
    this.#starts = new Int32Array(count + 1)
    this.#sizes = new Int32Array(count)
    const writer = new Int32Array(rows).fill(-1)
    let end = 0
    operations.forEach((operation, at) => {
      for (const row of operation.inputs) if (writer[row]! >= 0) this.#sources[end++] = writer[row]!
      for (const row of operation.outputs) writer[row] = at
      this.#starts[at + 1] = end
      this.#sizes[at] = operationSize(operation)
    })
    this.#part = new Int32Array(count)
    this.#leader = new Int32Array(count)
    this.#depth = new Int32Array(count)
    this.#height = new Int32Array(count)
    this.#moved = new Int32Array(count)
    this.#piece = new Int32Array(count)
    this.order = Int32Array.from({ length: count }, (_, at) => at)
    this.#split(0, count, false)
  }

  /** Orders the operations `order[start] .. order[end - 1]`. */
  #split(start: number, end: number, inUnit: boolean): void {
    let first = start
    for (const next of this.#separate(start, end)) {
      const whole = inUnit || next - first === 1 || this.#size(first, next) <= this.unitSize
      if (whole && !inUnit) this.unitStarts.push(first)
      if (next - first > 1) {
        const middle = this.#halve(first, next)
        this.#split(first, middle, whole)
        this.#split(middle, next, whole)
      }
      first = next
    }
  }

  #size(start: number, end: number): number {
    let size = 0
    for (let i = start; i < end; i++) size += this.#sizes[this.order[i]!]!
    return size
  }

  #enter(start: number, end: number): number {
    const part = ++this.#parts
    for (let i = start; i < end; i++) this.#part[this.order[i]!] = part
    return part
  }

  /** Orders a part by its connected components, in the order of their first members. @returns where each ends */
  #separate(start: number, end: number): number[] {
    const part = this.#enter(start, end)
    const { order } = this
    for (let i = start; i < end; i++) {
      const at = order[i]!
      this.#leader[at] = at
      for (let s = this.#starts[at]!; s < this.#starts[at + 1]!; s++) {
        const source = this.#sources[s]!
        if (this.#part[source] === part) this.#leader[this.#find(source)] = at
      }
    }
    // Parts are connected more often than not.
    const root = this.#find(order[start]!)
    let i = start + 1
    while (i < end && this.#find(order[i]!) === root) i++
    return i === end ? [end] : this.#components(start, end)
  }

  #components(start: number, end: number): number[] {
    const { order } = this
    const sizes: number[] = []
    for (let i = start; i < end; i++) this.#piece[this.#find(order[i]!)] = -1
    for (let i = start; i < end; i++) {
      const root = this.#find(order[i]!)
      if (this.#piece[root] === -1) this.#piece[root] = sizes.push(0) - 1
      sizes[this.#piece[root]!]!++
    }
    for (let i = start; i < end; i++) this.#piece[order[i]!] = this.#piece[this.#find(order[i]!)]!
    return this.#gather(start, end, sizes)
  }

  #find(at: number): number {
    const leader = this.#leader
    let root = at
    while (leader[root] !== root) {
      leader[root] = leader[leader[root]!]!
      root = leader[root]!
    }
    return root
  }

  /** Cuts a connected part where the longest path to an operation grows longer than the longest path from it. */
  #halve(start: number, end: number): number {
    const part = this.#enter(start, end)
    const { order } = this
    for (let i = start; i < end; i++) {
      const at = order[i]!
      let depth = 0
      for (let s = this.#starts[at]!; s < this.#starts[at + 1]!; s++) {
        const source = this.#sources[s]!
        if (this.#part[source] === part) depth = Math.max(depth, this.#depth[source]! + 1)
      }
      this.#depth[at] = depth
      this.#height[at] = 0
    }
    for (let i = end - 1; i >= start; i--) {
      const at = order[i]!
      const height = this.#height[at]! + 1
      for (let s = this.#starts[at]!; s < this.#starts[at + 1]!; s++) {
        const source = this.#sources[s]!
        if (this.#part[source] === part) this.#height[source] = Math.max(this.#height[source]!, height)
      }
    }
    let earlier = 0
    for (let i = start; i < end; i++) {
      const at = order[i]!
      this.#piece[at] = this.#depth[at]! <= this.#height[at]! ? 0 : 1
      if (this.#piece[at] === 0) earlier++
    }
    return this.#gather(start, end, [earlier, end - start - earlier])[0]!
  }

  /** Orders a part by piece, and within a piece as it was. @returns where each piece ends */
  #gather(start: number, end: number, sizes: readonly number[]): number[] {
    const { order } = this
    const ends: number[] = []
    let next = start
    for (const size of sizes) {
      ends.push(next)
      next += size
    }
    for (let i = start; i < end; i++) this.#moved[i] = order[i]!
    for (let i = start; i < end; i++) {
      const at = this.#moved[i]!
      order[ends[this.#piece[at]!]!++] = at
    }
    return ends
  }
}
