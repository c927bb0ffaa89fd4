// Huge pages for the memory of programs. Activations are streamed through memory, and with pages of 4 KiB the processor
// looks up a new address every 64 lines and fetches ahead no further than that. Linux gives pages of 2 MiB to those who ask
// (`madvise`, where /sys/kernel/mm/transparent_hugepage/enabled says `madvise`, as most distributions have it). Node has
// no call for it, so it is made through koffi where that is installed; without it everything works, a little slower.

import type { SimdFlavour, TrainPlatform } from 'dctps'
import { nodePlatform, type PrepareMemory } from 'dctps/node'

/** Linux: back a range of addresses with huge pages. */
const MADV_HUGEPAGE = 14

let loading: Promise<PrepareMemory | null> | undefined

/**
 * What asks for huge pages; null where nothing can: not on Linux, without the package `koffi`, or with the environment
 * variable DCTPS_HUGE_PAGES set to `off`. It is a wish: a system that has none to give is no error.
 */
export function hugePages(): Promise<PrepareMemory | null> {
  if (process.platform !== 'linux' || process.env.DCTPS_HUGE_PAGES === 'off') return Promise.resolve(null)
  loading ??= loadAdvice()
  return loading
}

async function loadAdvice(): Promise<PrepareMemory | null> {
  try {
    const { default: koffi } = await import('koffi')
    const madvise = koffi.load(null).func('int madvise(void *address, size_t length, int advice)')
    return ({ buffer }) => {
      madvise(new Uint8Array(buffer), buffer.byteLength, MADV_HUGEPAGE)
    }
  } catch {
    // Not installed, or without a binary for this processor.
    return null
  }
}

/** Node as a place to train, with huge pages where they can be had. */
export async function hugePagesPlatform(threads: number, simd: SimdFlavour): Promise<TrainPlatform> {
  return nodePlatform(threads, simd, await hugePages())
}
