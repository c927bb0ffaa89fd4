// How many non-zeros each layer gets, from shapes alone: a rule's targets, made to fit the layers and the budget.
// Where they lie inside a layer is decided in `random-support.ts`.

import { DctpsError } from '../errors.js'
import { checkKernelShapes, type KernelShape, totalEntries, weightEntries } from './kernel-shape.js'
import { findSupportRule } from './registry.js'
import type { SupportRule } from './rules/rule.js'

export interface AllocateOptions {
  /**
   * True (the default): the counts add up to `max(1, round(density * N))`. False: as published, where clipped surplus
   * is lost and every layer rounds down, so that part of the budget goes unused.
   */
  readonly exactBudget?: boolean
}

/** @throws DctpsError `usage` unless `0 < density <= 1` */
export function checkDensity(density: number): void {
  if (!(density > 0 && density <= 1)) {
    throw new DctpsError(
      'usage',
      `density must be a number above 0 and at most 1 (0.01 keeps 1% of the weights), received ${density}`,
    )
  }
}

/**
 * Non-zeros of each kernel, in order.
 * @param rule a name in `supportRules`, or a rule of the caller's own
 * @param density of all kernel weights together, `0 < density <= 1`
 * @throws DctpsError `usage` for an unknown rule, a density or a shape out of range
 */
export function allocate(
  kernels: readonly KernelShape[],
  rule: string | SupportRule,
  density: number,
  options: AllocateOptions = {},
): number[] {
  const entries = kernels.map(weightEntries)
  if (options.exactBudget === false) {
    return publishedDensities(kernels, rule, density).map((layerDensity, l) =>
      Math.floor(layerDensity * entries[l]!),
    )
  }
  const targets = checkedTargets(kernels, rule, density)
  const budget = Math.max(1, Math.round(density * totalEntries(kernels)))
  return roundToBudget(shareSurplus(targets, entries), entries, budget)
}

/**
 * The density of each layer by the published formulas, as real numbers: targets clipped at 1, without sharing what was
 * clipped (only EPL hands its surplus to the last layer, once).
 * @throws DctpsError as {@link allocate}
 */
export function publishedDensities(
  kernels: readonly KernelShape[],
  rule: string | SupportRule,
  density: number,
): number[] {
  return checkedTargets(kernels, rule, density).map((target, l) =>
    Math.min(1, target / weightEntries(kernels[l]!)),
  )
}

function checkedTargets(
  kernels: readonly KernelShape[],
  rule: string | SupportRule,
  density: number,
): number[] {
  const found = findSupportRule(rule)
  checkDensity(density)
  checkKernelShapes(kernels)
  return found.targets(kernels, density)
}

/** Clips targets at the layers' sizes and shares the surplus among the others in proportion, until all fit. */
function shareSurplus(targets: readonly number[], entries: readonly number[]): number[] {
  let shared = [...targets]
  for (;;) {
    const clipped = shared.map((target, l) => Math.min(target, entries[l]!))
    const isOpen = (target: number, l: number) => target < entries[l]!
    const surplus = shared.reduce((sum, target, l) => sum + (target - clipped[l]!), 0)
    const open = clipped.filter(isOpen).reduce((sum, target) => sum + target, 0)
    if (surplus === 0 || open === 0) return clipped
    shared = clipped.map((target, l) => (isOpen(target, l) ? target * (1 + surplus / open) : target))
  }
}

/** Largest-remainder rounding to exactly `budget`; equal remainders go to the earlier layer, full layers get no more. */
function roundToBudget(targets: readonly number[], entries: readonly number[], budget: number): number[] {
  const counts = targets.map(Math.floor)
  let missing = budget - counts.reduce((sum, count) => sum + count, 0)
  const byRemainder = targets
    .map((target, layer) => ({ layer, remainder: target - counts[layer]! }))
    .sort((a, b) => b.remainder - a.remainder || a.layer - b.layer)
  for (const { layer } of byRemainder) {
    if (missing > 0 && counts[layer]! < entries[layer]!) {
      counts[layer]!++
      missing--
    }
  }
  return counts
}
