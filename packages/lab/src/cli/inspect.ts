// `dctps inspect`: what a model or run state is made of.

import type { Command } from 'commander'
import { compileProgram, describeProgram, type ModelSpec, type Network, type Supports } from 'dctps'
import { cachedTransforms } from 'dctps/node'
import { formatBytes, formatCount, formatDensity, formatPercent } from '../report/format.js'
import { formatTable } from '../report/table.js'
import {
  type LayerCost,
  layerCosts,
  networkSizes,
  readSaved,
  type SavedModel,
  type SavedState,
} from '../run/index.js'
import { printJson, wholeNumber } from './values.js'

interface InspectOptions {
  readonly program?: true
  readonly batch: number
  readonly json?: true
}

const examples = `
PATH is a model file, a run state, or the folder of a run, which stands for its
best weights, or for its state while it is not finished.

Multiply-adds are those of one image; a DCTpS layer's include the transform.
"dense" is what the same layer would take with all its weights. Bytes are those
of float32 values.

Examples:
  dctps inspect runs/NAME
  dctps inspect runs/NAME/state.dctps --json
  dctps inspect model.dctps --program --batch 32`

export function register(program: Command): void {
  program
    .command('inspect')
    .argument('<path>', 'model file, run state or run folder')
    .description('Show the layers of a network: shapes, weights, bytes, multiply-adds.')
    .option('--program', 'print the compiled training program: steps, memory, buffers')
    .option('--batch <n>', 'batch size that --program compiles for', wholeNumber('--batch', 1), 128)
    .option('--json', 'print one JSON document')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examples)
    .action((path: string, options: InspectOptions) => inspect(path, options))
}

async function inspect(path: string, options: InspectOptions): Promise<void> {
  const saved = await readSaved(path)
  const { spec, network } = saved.type === 'model' ? saved.model : saved.file
  const { supports } = saved.type === 'model' ? saved.model : saved.file.state
  if (options.program === true) {
    console.log(describeTrainingProgram(network, supports, options.batch))
    return
  }
  const layers = layerCosts(network, supports)
  if (options.json === true) {
    const { type, path: file, bytes } = saved
    printJson({ type, file, bytes, ...spec, ...networkSizes(network, supports), ...details(saved), layers })
    return
  }
  for (const [label, value] of facts(saved, spec, network, supports))
    console.log(`${label.padEnd(14)}${value}`)
  console.log(`\n${layerTable(layers)}`)
}

function describeTrainingProgram(network: Network, supports: Supports, batch: number): string {
  const input = { type: 'bytes', source: network.input } as const
  const options = { batch, input, optimizer: 'adam' } as const
  return describeProgram(compileProgram(network, supports, options, cachedTransforms()))
}

/** What only a model, or only a state, has to tell. */
function details(saved: SavedModel | SavedState) {
  if (saved.type === 'model') {
    const { normalisation, classNames } = saved.model
    return { normalisation, classNames }
  }
  const { epoch, stepInEpoch, step, history, best } = saved.file.state
  return {
    epoch,
    stepInEpoch,
    step,
    history,
    best: best && { epoch: best.epoch, validationAccuracy: best.validationAccuracy },
    configuration: saved.file.configuration,
  }
}

function facts(
  saved: SavedModel | SavedState,
  spec: ModelSpec,
  network: Network,
  supports: Supports,
): [string, string][] {
  const { channels, height, width } = spec.input
  const { kernelWeights, nonZeros, storedNumbers } = networkSizes(network, supports)
  const { support, kernel } = spec
  return [
    [saved.type, `${saved.path}, ${formatBytes(saved.bytes)}`],
    [
      'network',
      `${spec.architecture}${architectureText(spec)}, input ${channels} x ${height} x ${width}, ${spec.classes} classes`,
    ],
    ['kernels', kernel.kind === 'dctps' ? `dctps, alpha ${kernel.alpha}` : kernel.kind],
    [
      'weights',
      `${formatCount(nonZeros)} of ${formatCount(kernelWeights)} (${formatDensity(nonZeros / kernelWeights)})`,
    ],
    ['stored', `${formatCount(storedNumbers)} numbers with alpha, biases and batch norm`],
    [
      'support',
      support.type === 'random' ? `random, rule ${support.rule}, seed ${support.seed}` : support.type,
    ],
    ...(saved.type === 'model' ? modelFacts(saved) : stateFacts(saved)),
  ]
}

/** The options of the network that are not its defaults. */
function architectureText({ width, stable }: ModelSpec): string {
  return `${width === undefined ? '' : `, width ${width}`}${stable ? ', stable' : ''}`
}

function modelFacts({ model }: SavedModel): [string, string][] {
  const list = (values: readonly number[]) => values.map((value) => value.toPrecision(4)).join(', ')
  const { mean, std } = model.normalisation
  return [
    ['normalisation', `mean ${list(mean)}, deviation ${list(std)}`],
    ['classes', model.classNames.join(', ')],
  ]
}

function stateFacts({ file }: SavedState): [string, string][] {
  const { epoch, stepInEpoch, step, best } = file.state
  const bestText =
    best === null
      ? 'none: no validation'
      : `epoch ${best.epoch}, validation accuracy ${formatPercent(best.validationAccuracy)}`
  return [
    ['trained', `${epoch} epochs and ${stepInEpoch} steps, ${formatCount(step)} steps in all`],
    ['best', bestText],
  ]
}

function layerTable(layers: readonly LayerCost[]): string {
  const rows = layers.map(({ name, op, output, kernel, stored, multiplyAdds }) => [
    name,
    op,
    output.join('x'),
    kernel === null ? '' : kernel.shape.join('x'),
    kernel === null ? '' : formatCount(kernel.nonZeros),
    kernel === null ? '' : formatDensity(kernel.nonZeros / kernel.weights),
    stored === 0 ? '' : formatCount(4 * stored),
    multiplyAdds === 0 ? '' : formatCount(multiplyAdds),
    kernel === null ? '' : formatCount(kernel.denseMultiplyAdds),
  ])
  const sum = (pick: (layer: LayerCost) => number) => layers.reduce((total, layer) => total + pick(layer), 0)
  const nonZeros = sum(({ kernel }) => kernel?.nonZeros ?? 0)
  const total = [
    'total',
    '',
    '',
    '',
    formatCount(nonZeros),
    formatDensity(nonZeros / sum(({ kernel }) => kernel?.weights ?? 0)),
    formatCount(4 * sum(({ stored }) => stored)),
    formatCount(sum(({ multiplyAdds }) => multiplyAdds)),
    formatCount(sum(({ kernel }) => kernel?.denseMultiplyAdds ?? 0)),
  ]
  const left = (header: string) => ({ header, align: 'left' as const })
  const right = (header: string) => ({ header, align: 'right' as const })
  return formatTable(
    [
      left('layer'),
      left('kind'),
      left('output'),
      left('weight'),
      right('non-zeros'),
      right('density'),
      right('bytes'),
      right('multiply-adds'),
      right('dense'),
    ],
    [...rows, total],
  )
}
