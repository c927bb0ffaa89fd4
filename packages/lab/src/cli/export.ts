// `dctps export`: a model as safetensors.

import { extname } from 'node:path'
import type { Command } from 'commander'
import { DctpsError } from 'dctps'
import { writeFileAtomic } from 'dctps/node'
import { formatBytes } from '../report/format.js'
import { modelTensors, readSavedModel } from '../run/index.js'

const extension = '.safetensors'

const examples = `
Parameters have the names of the published PyTorch code. A DCTpS or sparse kernel
is NAME.weight.indices (int32, flat positions in the dense weight, ascending) and
NAME.weight.values (float32); alpha is LAYER.scaling. The metadata holds
architecture, support, normalisation and class names as text.

Examples:
  dctps export runs/NAME network.safetensors`

export function register(program: Command): void {
  program
    .command('export')
    .argument('<model>', 'model file or run folder')
    .argument('<file>', `file to write, ending in ${extension}`)
    .description('Write a trained network as safetensors, for PyTorch and others.')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examples)
    .action((path: string, file: string) => exportModel(path, file))
}

async function exportModel(path: string, file: string): Promise<void> {
  if (extname(file) !== extension) {
    throw new DctpsError('usage', `the file to write must end in ${extension}, received ${file}`)
  }
  const { model, path: source } = await readSavedModel(path)
  const bytes = modelTensors(model)
  await writeFileAtomic(file, bytes)
  console.log(`${source} -> ${file}: ${formatBytes(bytes.length)}`)
}
