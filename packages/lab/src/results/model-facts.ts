// What only the model files tell: the supports of a method's layers, and with them its costs. One model a cell is read, that
// of the first seed whose file can be read, and let go before the next.

import { DctpsError, kernelLayers, type Model, type TransformCache, weightShape } from 'dctps'
import { kernelName } from 'dctps/internal/network/parameters'
import { groupBy, type ReportLayer } from '../report/records.js'
import { kindOfPath, readModel, runPaths } from '../run/index.js'
import { CostTable, type MethodCost } from './method-cost.js'
import type { Cell, Panel } from './panels.js'
import type { Problem, ResultRun } from './read-run.js'

export interface CellFacts {
  /** Whose model was read. */
  readonly run: ResultRun
  /** Kernels in the order of the network; positions and values only of those that maps are drawn of. */
  readonly layers: readonly ReportLayer[]
  readonly cost: MethodCost
}

export interface ModelFacts {
  /** Cells without a readable model are not here. */
  readonly cells: ReadonlyMap<Cell, CellFacts>
  readonly problems: readonly Problem[]
}

/** Layers of a network that maps are drawn of: the first, the last, and those between. */
const MOST_MAPPED_LAYERS = 4

/** @param onCell called before each model is read */
export async function readModelFacts(
  panels: readonly Panel[],
  transforms: TransformCache,
  onCell: (index: number, count: number) => void = () => {},
): Promise<ModelFacts> {
  const costs = new CostTable(transforms)
  const facts = new Map<Cell, CellFacts>()
  const problems: Problem[] = []
  const count = panels.reduce((total, { cells }) => total + cells.length, 0)
  for (const panel of panels) {
    const mapped = new Set(mappedCells(panel))
    for (const cell of panel.cells) {
      onCell(facts.size, count)
      for (const run of cell.chosen.runs) {
        const model = await modelOf(run)
        if ('reason' in model) {
          problems.push(model)
          continue
        }
        facts.set(cell, { run, layers: layersOf(model, mapped.has(cell)), cost: costs.costOf(run, model) })
        break
      }
    }
  }
  return { cells: facts, problems }
}

/** Of the densities that most methods of a panel were trained at, the smallest: there supports differ most. */
export function mappedCells({ cells }: Panel): Cell[] {
  const sparse = cells.filter(({ density }) => density !== null)
  const densities = [...groupBy(sparse, ({ density }) => String(density)).values()]
  const most = Math.max(0, ...densities.map(({ length }) => length))
  return densities.findLast(({ length }) => length === most) ?? []
}

/** The best weights, as they were tested; else the last ones. */
async function modelOf({ folder, name, label, config }: ResultRun): Promise<Model | Problem> {
  const { bestModel, model } = runPaths(folder)
  const file = (await kindOfPath(bestModel)) === null ? model : bestModel
  try {
    return await readModel(file)
  } catch (error) {
    if (!(error instanceof DctpsError)) throw error
    const reason = `its accuracy counts, its model cannot be read: ${error.message.replaceAll(`${folder}/`, '')}`
    return { name, label, kind: 'damaged', reason, config }
  }
}

function layersOf(model: Model, withMaps: boolean): ReportLayer[] {
  const kernels = kernelLayers(model.network)
  const mapped = new Set(spreadIndices(kernels.length, MOST_MAPPED_LAYERS))
  return kernels.map((layer, index): ReportLayer => {
    const shape = weightShape(layer)
    const positions = model.supports.get(layer.id) ?? null
    const drawn = withMaps && mapped.has(index)
    return {
      name: layer.name,
      shape,
      nonZeros: positions?.length ?? shape.reduce((product, size) => product * size, 1),
      positions: drawn ? positions : null,
      values: drawn ? (model.parameters.get(`${kernelName(layer)}.weight`) ?? null) : null,
    }
  })
}

/** At most `most` of the indices below `count`, as far apart as can be, first and last among them. */
export function spreadIndices(count: number, most: number): number[] {
  const picked = Math.min(count, most)
  if (picked <= 1) return count === 0 ? [] : [0]
  return Array.from({ length: picked }, (_, i) => Math.round((i * (count - 1)) / (picked - 1)))
}
