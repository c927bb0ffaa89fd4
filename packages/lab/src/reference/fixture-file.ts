// A fixture's tensors by name, read with the core's own checked reader. It remembers which were asked for, so that a
// tensor that nobody compared cannot pass unseen.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DctpsError } from 'dctps/internal/errors'
import { readSafetensors, type Tensor } from 'dctps/internal/file/safetensors'

export interface FixtureTensor {
  /** PyTorch's: `[N, C, H, W]`, `[out, in]`. */
  readonly shape: readonly number[]
  readonly values: Float64Array
}

/** @throws DctpsError `file` when it cannot be read, naming it */
export async function readFixtureBytes(folder: string, file: string): Promise<Uint8Array> {
  try {
    return await readFile(join(folder, file))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new DctpsError('file', `${file} cannot be read (${reason}); check the folder's contents`, {
      cause: error,
    })
  }
}

/** @throws DctpsError `file` when it cannot be read or is not JSON, naming it */
export async function readFixtureJson(folder: string, file: string): Promise<unknown> {
  const bytes = await readFixtureBytes(folder, file)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new DctpsError('file', `${file} is not JSON; use another copy of it`, { cause: error })
  }
}

export class FixtureTensors {
  readonly file: string
  readonly metadata: ReadonlyMap<string, string>
  readonly #tensors: ReadonlyMap<string, Tensor>
  readonly #used = new Set<string>()

  private constructor(
    file: string,
    tensors: ReadonlyMap<string, Tensor>,
    metadata: ReadonlyMap<string, string>,
  ) {
    this.file = file
    this.#tensors = tensors
    this.metadata = metadata
  }

  /** @throws DctpsError `file` when the file cannot be read or is damaged */
  static async read(folder: string, file: string): Promise<FixtureTensors> {
    const { tensors, metadata } = readSafetensors(await readFixtureBytes(folder, file), file)
    return new FixtureTensors(file, tensors, metadata)
  }

  get names(): readonly string[] {
    return [...this.#tensors.keys()]
  }

  has(name: string): boolean {
    return this.#tensors.has(name)
  }

  /** A tensor's numbers, without counting it as used. */
  peek(name: string): Float64Array {
    return Float64Array.from(this.#tensors.get(name)?.data ?? [], Number)
  }

  /**
   * A tensor that is to have a shape; -1 stands for any size.
   * @throws DctpsError `file` when it is missing or shaped otherwise
   */
  tensor(name: string, shape: readonly number[]): FixtureTensor {
    const tensor = this.#tensors.get(name)
    if (tensor === undefined) {
      throw new DctpsError('file', `${this.file} has no tensor ${name}, expected [${describe(shape)}]`)
    }
    this.#used.add(name)
    const fits =
      tensor.shape.length === shape.length &&
      shape.every((size, axis) => size === -1 || size === tensor.shape[axis])
    if (!fits) {
      throw new DctpsError(
        'file',
        `${this.file}: ${name} is [${tensor.shape.join(', ')}], expected [${describe(shape)}]`,
      )
    }
    return { shape: tensor.shape, values: Float64Array.from(tensor.data, Number) }
  }

  /**
   * A support: flat indices, ascending and below `entries`.
   * @throws DctpsError `file`
   */
  support(name: string, entries: number): Uint32Array {
    const { values } = this.tensor(name, [-1])
    values.forEach((index, i) => {
      if (!Number.isInteger(index) || index < 0 || index >= entries || (i > 0 && index <= values[i - 1]!)) {
        throw new DctpsError(
          'file',
          `${this.file}: ${name} must hold ascending whole numbers below ${entries}, entry ${i} is ${index}`,
        )
      }
    })
    return Uint32Array.from(values)
  }

  /** Names that {@link tensor} was never asked for. */
  unused(): string[] {
    return this.names.filter((name) => !this.#used.has(name))
  }
}

function describe(shape: readonly number[]): string {
  return shape.map((size) => (size === -1 ? 'any' : size)).join(', ')
}
