import { expect, test } from 'vitest'
import { buildSpec } from '#core/models/spec'
import { kernelLayers } from '#core/network/network'
import { compileProgram, type SupportPositions } from '#core/program/compile'
import { programBytes } from '#core/program/program'
import { TransformCache } from '#core/program/transform-cache'
import { kernelEntries } from '#core/shape/kernel'

test.each([32, 128])(
  "ranking the gradients of all positions of ResNet-50 at 0.1%, batch %i, takes less memory than the largest layer's dense gradient",
  (batch) => {
    const input = { channels: 3, height: 32, width: 32 }
    const { network, supports } = buildSpec({
      architecture: 'resnet50',
      input,
      classes: 10,
      kernel: { kind: 'dctps', alpha: 'trainable' },
      support: { type: 'random', rule: 'epl', density: 0.001, seed: 0 },
    })
    const transforms = new TransformCache()
    const bytes = (positions: SupportPositions) => {
      const options = {
        batch,
        input: { type: 'bytes', source: input },
        optimizer: 'adam',
        positions,
      } as const
      return programBytes(compileProgram(network, supports, options, transforms).memory, 2)
    }
    const largest = Math.max(...kernelLayers(network).map(({ geometry }) => 4 * kernelEntries(geometry)))
    expect(largest).toBe(4 * 2_359_296)
    const fixed = bytes('fixed')
    expect(bytes('movable') - fixed).toBeLessThan(largest / 8)
    // The tile, the records, and tables of what the rows of a window are: 1.1 MiB when this was written.
    expect(bytes('ranked') - fixed).toBeLessThan(largest / 4)
  },
  60_000,
)
