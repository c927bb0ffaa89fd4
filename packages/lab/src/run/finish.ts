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
  const final = currentParameters(trainer)
  const bytes = encodeModel(modelOf(prepared, trainer, final))
  await writeFileAtomic(paths.model, bytes)
  if (best !== null) {
    await writeFileAtomic(paths.bestModel, encodeModel(modelOf(prepared, trainer, best.parameters)))
  }
  const summary: RunSummary = {
    network: config.network,
    kind: config.kind,
    density: config.kind === 'dense' ? null : config.density,
    rule: supportChoice(config),
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

/** The trained network as a model file holds it. */
export function modelOf(prepared: PreparedRun, trainer: Trainer, parameters: Model['parameters']): Model {
  const { spec, task } = prepared
  return {
    spec,
    network: task.network,
    supports: task.supports,
    parameters,
    normalisation: trainer.normalisation,
    classNames: task.dataset.classes,
  }
}

function currentParameters({ runner }: Trainer): Map<string, Float32Array> {
  const { parameters } = runner
  return new Map(parameters.parameters.map(({ name }) => [name, parameters.read(name)]))
}

async function testBoth(
  trainer: Trainer,
  { data }: PreparedRun,
  final: Model['parameters'],
): Promise<RunSummary['test']> {
  if (data.test === null) return null
  const { test } = data
  const withParameters = async (values: Model['parameters']): Promise<Evaluation> => {
    for (const [name, array] of values) trainer.runner.parameters.write(name, array)
    return evaluate(trainer.runner, test)
  }
  const best = trainer.best && (await withParameters(trainer.best.parameters))
  return { best, final: await withParameters(final) }
}

/** All epochs have equally many images, so the mean speed is the harmonic one. */
function meanSpeed(history: Trainer['history']): number {
  return history.length / history.reduce((sum, record) => sum + 1 / record.imagesPerSecond, 0)
}
