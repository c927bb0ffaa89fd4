// V8 places arithmetic as late as it can, but loads and stores in order: a loop with several sums loads all that it adds before the
// first addition, and runs out of its 15 registers. A store of a sum keeps it in its place: it is computed before what is loaded
// behind the store. What is stored so is overwritten later.

/** Has four sums computed before whatever is loaded after this. @param place 16 bytes that are to be written anyway */
export function pin(place: usize, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(place, v128.or(v128.or(a, b), v128.or(c, d)))
}
