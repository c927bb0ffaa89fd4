import { describe, expect, test } from 'vitest'
import { DctpsError, type ErrorCode } from '#core/errors'
import { findArchitecture } from '#core/models/registry'
import type { KernelKind } from '#core/network/layer'
import { kernelLayers, NetworkBuilder } from '#core/network/network'
import { createNodeRunner } from '#core/node'
import { compileProgram, type ProgramOptions } from '#core/program/compile'
import { memoryLimit, type Program, programBytes } from '#core/program/program'
import type { Runner } from '#core/runtime/runner'

/** Expects a DctpsError of one code whose message matches. */
async function expectError(work: () => unknown, code: ErrorCode, message: RegExp): Promise<string> {
  try {
    await work()
  } catch (error) {
    expect(error).toBeInstanceOf(DctpsError)
    if (!(error instanceof DctpsError)) throw error
    expect(error.message).toMatch(message)
    expect(error.code).toBe(code)
    return error.message
  }
  return expect.fail(`no error; expected ${code}: ${message}`)
}

const image = { channels: 1, height: 32, width: 32 }

function compile(
  options: Partial<ProgramOptions> = {},
  name = 'lenet5',
  kind: KernelKind = 'dctps',
): Program {
  const network = findArchitecture(name).build({ input: image, classes: 10, kernel: { kind } })
  const supports = new Map(kernelLayers(network).map((layer) => [layer.id, Uint32Array.of(0, 7, 9)]))
  const input = { type: 'floats', source: image } as const
  return compileProgram(network, supports, { batch: 16, input, optimizer: 'sgd', ...options })
}

const sgd = { type: 'sgd', learningRate: 0.1, momentum: 0.9, weightDecay: 0 } as const

describe('what cannot be compiled', () => {
  test.each([0, -1, 1.5, Number.NaN])('a batch of %d', async (batch) => {
    const message = /batch size .* at least 1, received (0|-1|1\.5|NaN)$/
    await expectError(() => compile({ batch }), 'usage', message)
  })

  test.each([5, 0, 64])('%d lanes', async (lanes) => {
    await expectError(() => compile({ lanes }), 'usage', /4, 8, 16 or 32 images, received (5|0|64)$/)
  })

  test('images of another shape than the network takes', async () => {
    const source = { channels: 3, height: 32, width: 32 }
    const message = /takes images \[1, 32, 32\], received \[3, 32, 32\]/
    await expectError(() => compile({ input: { type: 'bytes', source } }), 'usage', message)
    const small = { channels: 1, height: 28, width: 28 }
    await expectError(() => compile({ input: { type: 'floats', source: small } }), 'usage', /\[1, 28, 28\]/)
  })

  test('a sparse layer without a support, or with positions outside its weight or out of order', async () => {
    const builder = new NetworkBuilder('small', { channels: 4, height: 1, width: 1 }, { kind: 'sparse' })
    const id = builder.linear('only', builder.input, 3)
    const network = builder.build()
    const compileWith = (...support: number[]) =>
      compileProgram(network, new Map(support.length > 0 ? [[id, Uint32Array.from(support)]] : []), {
        batch: 1,
        input: { type: 'floats', source: network.input },
        optimizer: null,
      })
    await expectError(() => compileWith(), 'usage', /layer only is sparse and needs a support/)
    await expectError(() => compileWith(3, 12), 'usage', /layer only: .* below 12 .* entry 1 is 12/)
    await expectError(() => compileWith(5, 5), 'usage', /layer only: .* ascending .* entry 1 is 5/)
  })
})

describe('a program larger than WebAssembly can address', () => {
  test.each([
    ['lenet5', 'dctps', 200_000, 1],
    ['lenet5', 'dense', 1_000_000, 2],
    ['resnet8', 'dctps', 30_000, 2],
    ['resnet8', 'sparse', 500_000, 3],
  ] as const)(
    '%s of kind %s at batch %i: names the bytes and a batch that fits, tightly',
    async (...draw) => {
      const [name, kind, batch, threads] = draw
      const program = compile({ batch, optimizer: 'adam' }, name, kind)
      const message = await expectError(
        () => createNodeRunner(program, threads),
        'program',
        /needs \d+\.\d\d GiB of memory, WebAssembly has at most 4\.00 GiB: a batch of \d+ would fit$/,
      )
      const needed = (programBytes(program.memory, threads) / 2 ** 30).toFixed(2)
      expect(message).toContain(`${name} at batch ${batch} with ${threads} threads needs ${needed} GiB`)
      const advised = Number(/a batch of (\d+) would fit/.exec(message)![1])
      const fitting = compile({ batch: advised, optimizer: 'adam' }, name, kind)
      const share = programBytes(fitting.memory, threads) / memoryLimit
      expect(share).toBeLessThanOrEqual(1)
      expect(share).toBeGreaterThan(0.9)
    },
  )

  test('says so when the parameters alone do not fit', async () => {
    const builder = new NetworkBuilder('huge', { channels: 30_000, height: 1, width: 1 }, { kind: 'dense' })
    builder.linear('only', builder.input, 30_000)
    const network = builder.build()
    const input = { type: 'floats', source: network.input } as const
    const program = compileProgram(network, new Map(), { batch: 4, input, optimizer: 'adam' })
    const message =
      /needs 13\.\d\d GiB .* not even one block of 4 images fits beside 13\.\d\d GiB of parameters/
    await expectError(() => createNodeRunner(program, 1), 'program', message)
  })
})

async function withRunner(program: Program, threads: number, work: (runner: Runner) => Promise<unknown>) {
  const runner = await createNodeRunner(program, threads)
  try {
    await work(runner)
  } finally {
    runner.close()
  }
}

describe('a runner', () => {
  test.each([0, -2, 1.5])('of %d threads is refused', async (threads) => {
    const message = /threads .* received (0|-2|1\.5)$/
    await expectError(() => createNodeRunner(compile(), threads), 'usage', message)
  })

  test('refuses parameters of another length, and unknown names with the known ones', () =>
    withRunner(compile(), 1, async ({ parameters }) => {
      const name = 'convs.0.conv.weight'
      await expectError(() => parameters.write(name, [1, 2]), 'usage', /holds 3 numbers, received 2/)
      expect([...parameters.read(name)]).toEqual([0, 0, 0])
      await expectError(
        () => parameters.read('convs.0.weight'),
        'usage',
        /no parameter convs\.0\.weight; .*convs\.0\.conv\.weight/,
      )
      await expectError(() => parameters.readState(name, 1), 'usage', /no optimiser state 1/)
    }))

  test.each([1, 2])(
    'of %i threads has its memory prepared once, before anything is in it',
    async (threads) => {
      const prepared: WebAssembly.Memory[] = []
      const runner = await createNodeRunner(compile({ batch: 8 }), threads, (memory) => {
        expect(new Uint8Array(memory.buffer).every((byte) => byte === 0)).toBe(true)
        prepared.push(memory)
      })
      const { program } = runner
      runner.close()
      expect(prepared).toHaveLength(1)
      const [{ address, data }] = program.constants as [(typeof program.constants)[number]]
      const written = new Uint8Array(prepared[0]!.buffer, address, data.byteLength)
      expect(written).toEqual(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    },
  )

  test('of a program for inference refuses to train', () =>
    withRunner(compile({ optimizer: null }), 1, async (runner) => {
      const slot = await runner.nextSlot()
      const message = /compiled for inference; compile it with an optimiser/
      await expectError(() => runner.submit(slot, 1, 'train', sgd), 'usage', message)
      await expectError(() => runner.submit(slot, 1, 'gradient'), 'usage', message)
      await runner.submit(slot, 1, 'evaluate')
    }))

  test('that is closed rejects what is under way and what comes after', async () => {
    const runner = await createNodeRunner(compile({ batch: 512 }, 'resnet8'), 2)
    expect(runner.threads).toBe(2)
    const pending: Promise<unknown>[] = []
    for (let i = 0; i < 4; i++) {
      const slot = await runner.nextSlot()
      pending.push(
        expectError(() => runner.submit(slot, 512, 'train', sgd), 'cancelled', /runner was closed/),
      )
    }
    runner.close()
    await Promise.all(pending)
    const slot = await runner.nextSlot()
    await expectError(() => runner.submit(slot, 1, 'evaluate'), 'cancelled', /runner was closed/)
    await runner.idle()
    runner.close()
  })

  test.each([1, 2])('of %d threads turns a trap into an error, every time', (threads) =>
    withRunner(compile({ lanes: 4 }), threads, async (runner) => {
      expect(runner.threads).toBe(threads)
      const slot = await runner.nextSlot()
      // The loss reads the logit of this class: far outside the memory.
      slot.labels.fill(2 ** 27)
      await expectError(() => runner.submit(slot, 16, 'evaluate'), 'program', /failed: .*out of bounds/)
      const next = await runner.nextSlot()
      next.labels.fill(2 ** 27)
      await expectError(() => runner.submit(next, 16, 'evaluate'), 'program', /failed: .*out of bounds/)
    }),
  )
})
