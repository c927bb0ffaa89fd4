// The check that stands before every comparison with PyTorch; only where it is installed.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readSafetensors, writeSafetensors } from 'dctps'
import { describe, expect, test } from 'vitest'
import { installedPeers } from '#bench/peers'
import { describeStep } from '#bench/step-file'

const pytorch = installedPeers().peers.find(({ name }) => name === 'PyTorch')

function check(step: Uint8Array) {
  const file = join(mkdtempSync(join(tmpdir(), 'dctps-check-')), 'step.safetensors')
  writeFileSync(file, step)
  return spawnSync(pytorch!.command, [...pytorch!.args, '--check', file], { encoding: 'utf8' })
}

describe.skipIf(pytorch === undefined)('the check against PyTorch', () => {
  test.each([
    ['resnet8', 'dctps', 0.01],
    ['fixup-resnet20', 'dctps', 0.01],
    ['resnet8', 'sparse', 0.001],
    ['lenet5', 'dense', 1],
  ] as const)('%s, %s: both sides compute the same', async (network, kind, density) => {
    const { status, stdout } = check(await describeStep({ network, kind, density }))
    expect(JSON.parse(stdout)).toMatchObject({ error: expect.any(Number), tolerance: expect.any(Number) })
    expect(status).toBe(0)
  })

  test.each(['step0.logits', 'step0.grad.layer2.0.bn1.weight', 'step0.grad.layer1.0.conv2.scaling'])(
    'it fails where %s is another',
    async (name) => {
      const step = await describeStep({ network: 'resnet8', kind: 'dctps', density: 0.01 })
      const { tensors, metadata } = readSafetensors(step)
      const { shape, data } = tensors.get(name)!
      const larger = Float32Array.from([...data].map((value) => 1.2 * Number(value)))
      const changed = new Map(tensors).set(name, { dtype: 'F32', shape, data: larger })
      const { status, stdout } = check(writeSafetensors(changed, metadata))
      expect(JSON.parse(stdout)).toMatchObject({ tensor: name })
      expect(status).toBe(1)
    },
  )
})
