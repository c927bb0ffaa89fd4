import { existsSync, readFileSync } from 'node:fs'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { hugePages } from '#lab/huge-pages'

/** Mappings of this process that ask for huge pages: those with the flag `hg`. */
function mappingsWithHugePages(): number {
  return readFileSync('/proc/self/smaps', 'utf8').match(/^VmFlags:.* hg\b/gm)?.length ?? 0
}

afterEach(() => vi.unstubAllEnvs())

const given = existsSync('/sys/kernel/mm/transparent_hugepage')

describe('huge pages', () => {
  test.skipIf(!given).each([true, false])(
    'are asked for, shared memory or not (shared: %s)',
    async (shared) => {
      const prepare = await hugePages()
      const before = mappingsWithHugePages()
      const memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared })
      prepare!(memory)
      expect(mappingsWithHugePages()).toBe(before + 1)
      new Uint8Array(memory.buffer).fill(1)
    },
  )

  test('are not asked for where the environment says so', async () => {
    vi.stubEnv('DCTPS_HUGE_PAGES', 'off')
    expect(await hugePages()).toBeNull()
  })

  test.skipIf(process.platform === 'linux')('cannot be asked for elsewhere', async () => {
    expect(await hugePages()).toBeNull()
  })
})
