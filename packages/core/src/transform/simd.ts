// The two flavours of vector code. `plain` is what every engine with WebAssembly SIMD runs, with the same bits everywhere.
// `relaxed` fuses multiplications with additions where the engine has relaxed SIMD: faster, a little more exact, and with
// other bits, so that a run keeps the flavour it was started with.

export const simdFlavours = ['plain', 'relaxed'] as const
export type SimdFlavour = (typeof simdFlavours)[number]

/** A module of one function that uses `f32x4.relaxed_madd`. */
const probe = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x06, 0x01, 0x60, 0x01, 0x7b, 0x01, 0x7b],
  ...[0x03, 0x02, 0x01, 0x00],
  ...[0x0a, 0x0d, 0x01, 0x0b, 0x00, 0x20, 0x00, 0x20, 0x00, 0x20, 0x00, 0xfd, 0x85, 0x02, 0x0b],
)

/** Whether this engine runs relaxed SIMD. Node 20 does after `enableRelaxedSimd` of `dctps/node`. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(probe)
}
