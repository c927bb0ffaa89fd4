// Which entries of a support survive an update.

/**
 * All entries but the `dropped` ones of the smallest magnitude; of equal magnitudes the later entry goes first. `[values -
 * dropped]`, ascending
 */
export function survivors(values: Float32Array, dropped: number): Uint32Array {
  const order = Uint32Array.from(values.keys()).sort(
    (a, b) => Math.abs(values[b]!) - Math.abs(values[a]!) || a - b,
  )
  return order.slice(0, values.length - dropped).sort()
}
