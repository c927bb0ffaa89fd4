// SET's growth: uniformly random positions. Source: [E], Mocanu et al. 2018.

import type { Key } from '../../random/key.js'
import { randomPositions } from '../../support/index.js'

/**
 * `count` of the positions below `entries` that are not kept, every choice equally likely, ascending; in memory proportional
 * to the kept and the grown ones.
 * @param kept ascending
 */
export function randomGrowth(key: Key, entries: number, kept: Uint32Array, count: number): Uint32Array {
  // Numbers among the positions that are free; each free position lies as much higher as kept ones lie below it.
  const free = randomPositions(key, entries - kept.length, count)
  let below = 0
  return free.map((rank) => {
    while (below < kept.length && kept[below]! <= rank + below) below++
    return rank + below
  })
}
