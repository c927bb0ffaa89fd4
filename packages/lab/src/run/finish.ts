// The end of a run: the network is tested with its last and its best weights, and models and summary are written. Doing it
// again gives the same files.

import { type Evaluation, encodeModel, evaluate, type Model, type Trainer } from 'dctps'
import { writeFileAtomic } from 'dctps/node'
import { supportChoice } from '../config/index.js'
import type { RunPaths } from './folder.js'
import type { PreparedRun } from './prepare.js'
import { formatSummary, networkSizes, type RunSummary } from './summary.js'

/** @throws DctpsError `file` */
export async function finishRun(
  trainer: Trainer,
  prepared: PreparedRun,
  paths: RunPaths,
  ended: RunSummary['ended'],
): Promise<RunSummary> {
  const { config, data, task } = prepared
  const { best, history } = trainer
  const final = currentWeights(trainer)
  const bytes = encodeModel(modelOf(prepared, trainer, final))
  await writeFileAtomic(paths.model, bytes)
  if (best !== null) {
    await writeFileAtomic(paths.bestModel, encodeModel(modelOf(prepared, trainer, best)))
  }
  const summary: RunSummary = {
    network: config.network,
    kind: config.kind,
    density: config.kind === 'dense' ? null : config.density,
    rule: supportChoice(config),
    dynamic: config.dynamic ?? null,
    seed: config.seed,
    data: data.train.name,
    ended,
    epochs: history.length,
    steps: trainer.step,
    best: best && { epoch: best.epoch, validationAccuracy: best.validationAccuracy },
    test: await testBoth(trainer, prepared, final),
    ...networkSizes(task.network, task.supports),
    modelBytes: bytes.length,
    imagesPerSecond: meanSpeed(history),
    seconds: history.reduce((sum, record) => sum + record.seconds, 0),
  }
  await writeFileAtomic(paths.summary, Buffer.from(formatSummary(summary)))
  return summary
}

/** Values, and the supports that those of the kernels belong to. */
type Weights = Pick<Model, 'supports' | 'parameters'>

/** The trained network as a model file holds it. */
export function modelOf(prepared: PreparedRun, trainer: Trainer, { supports, parameters }: Weights): Model {
  const { spec, task } = prepared
  return {
    spec,
    network: task.network,
    supports,
    parameters,
    normalisation: trainer.normalisation,
    classNames: task.dataset.classes,
  }
}

function currentWeights({ runner, supports }: Trainer): Weights {
  const { parameters: store } = runner
  return { supports, parameters: new Map(store.parameters.map(({ name }) => [name, store.read(name)])) }
}

async function testBoth(
  trainer: Trainer,
  { data }: PreparedRun,
  final: Weights,
): Promise<RunSummary['test']> {
  if (data.test === null) return null
  const { test } = data
  const { runner } = trainer
  const withWeights = async ({ supports, parameters }: Weights): Promise<Evaluation> => {
    runner.supports.write(supports)
    for (const [name, array] of parameters) runner.parameters.write(name, array)
    return evaluate(runner, test)
  }
  const best = trainer.best && (await withWeights(trainer.best))
  return { best, final: await withWeights(final) }
}

/** All epochs have equally many images, so the mean speed is the harmonic one. */
function meanSpeed(history: Trainer['history']): number {
  return history.length / history.reduce((sum, record) => sum + 1 / record.imagesPerSecond, 0)
}
