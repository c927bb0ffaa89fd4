// The order in which an op list runs, and its cut into groups that become one function each. The list is bisected
// recursively: into independent parts where there are any, else into an earlier and a later half (Frigo, "A fast
// Fourier transform compiler", 1999). Whatever the number of registers or the size of a cache, some depth of the
// recursion fits it, and it works alike on pruned and on transposed lists.

import type { Operation, OpList } from './oplist.js'

/** Additions that an operation costs: what a group's size is measured in. */
export function operationSize({ inputs, outputs }: Operation): number {
  return outputs.length * (inputs.length - 1)
}

/**
 * The operations of the list in an order that keeps related rows together, cut into consecutive groups. A group holds
 * at most `groupSize` additions, unless one operation alone is larger.
 */
export function schedule(list: OpList, groupSize: number): Operation[][] {
  const bisection = new Bisection(list.rows, list.operations, groupSize)
  const groups: Operation[][] = []
  let room = 0
  for (const unit of bisection.units()) {
    const size = unit.reduce((sum, operation) => sum + operationSize(operation), 0)
    if (size > room || groups.length === 0) {
      groups.push([])
      room = groupSize
    }
    groups.at(-1)!.push(...unit)
    room -= size
  }
  return groups
}

/** Recursive bisection; operations are named by their index in the list, which is a valid order of execution. */
class Bisection {
  /** For every operation the operations that write its inputs. */
  readonly #sources: number[][]
  readonly #sizes: number[]
  /** The part that an operation currently belongs to; sources outside of it are ignored. */
  readonly #part: Int32Array
  readonly #leader: Int32Array
  readonly #depth: Int32Array
  readonly #height: Int32Array
  #parts = 0

  constructor(
    rows: number,
    readonly operations: readonly Operation[],
    readonly unitSize: number,
  ) {
    const writer = new Int32Array(rows).fill(-1)
    this.#sources = operations.map(({ inputs, outputs }, at) => {
      const sources = inputs.map((row) => writer[row]!).filter((source) => source >= 0)
      for (const row of outputs) writer[row] = at
      return sources
    })
    this.#sizes = operations.map(operationSize)
    const count = operations.length
    this.#part = new Int32Array(count)
    this.#leader = new Int32Array(count)
    this.#depth = new Int32Array(count)
    this.#height = new Int32Array(count)
  }

  /** Runs of operations that belong together, each of at most `unitSize` additions or a single operation. */
  units(): Operation[][] {
    const units: Operation[][] = []
    this.#split([...this.operations.keys()], undefined, units)
    return units
  }

  #split(members: number[], unit: Operation[] | undefined, units: Operation[][]): void {
    for (const component of this.#components(members)) {
      let own = unit
      if (own === undefined) {
        const size = component.reduce((sum, at) => sum + this.#sizes[at]!, 0)
        if (size <= this.unitSize || component.length === 1) {
          own = []
          units.push(own)
        }
      }
      if (component.length === 1) {
        own!.push(this.operations[component[0]!]!)
        continue
      }
      const [earlier, later] = this.#halves(component)
      this.#split(earlier, own, units)
      this.#split(later, own, units)
    }
  }

  #enter(members: readonly number[]): number {
    const part = ++this.#parts
    for (const at of members) this.#part[at] = part
    return part
  }

  #components(members: readonly number[]): number[][] {
    const part = this.#enter(members)
    const leader = this.#leader
    const find = (at: number): number => {
      let root = at
      while (leader[root] !== root) {
        leader[root] = leader[leader[root]!]!
        root = leader[root]!
      }
      return root
    }
    for (const at of members) {
      leader[at] = at
      for (const source of this.#sources[at]!) {
        if (this.#part[source] === part) leader[find(source)] = at
      }
    }
    const components = new Map<number, number[]>()
    for (const at of members) {
      const root = find(at)
      const component = components.get(root)
      if (component === undefined) components.set(root, [at])
      else component.push(at)
    }
    return [...components.values()]
  }

  /** Cuts a connected part where the longest path to an operation grows longer than the longest path from it. */
  #halves(members: readonly number[]): [number[], number[]] {
    const part = this.#enter(members)
    for (const at of members) {
      let depth = 0
      for (const source of this.#sources[at]!) {
        if (this.#part[source] === part) depth = Math.max(depth, this.#depth[source]! + 1)
      }
      this.#depth[at] = depth
      this.#height[at] = 0
    }
    for (let i = members.length - 1; i >= 0; i--) {
      const at = members[i]!
      for (const source of this.#sources[at]!) {
        if (this.#part[source] === part) {
          this.#height[source] = Math.max(this.#height[source]!, this.#height[at]! + 1)
        }
      }
    }
    const earlier = members.filter((at) => this.#depth[at]! <= this.#height[at]!)
    const later = members.filter((at) => this.#depth[at]! > this.#height[at]!)
    return [earlier, later]
  }
}
