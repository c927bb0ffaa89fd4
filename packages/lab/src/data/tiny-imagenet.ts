// Reader of Tiny ImageNet, packed or unpacked: `wnids.txt` (WordNet ids of the classes), `words.txt` (their names),
// `train/<id>/images/*` with a list of boxes beside each, and `val/images/*` with `val/val_annotations.txt`. Which image
// goes where is `tiny-imagenet-plan`'s.

import { readPlanned } from './image-folder.js'
import { attempt, dataError } from './problem.js'
import type { ReadContext, Splits } from './reader.js'
import { planTraining, planValidation } from './tiny-imagenet-plan.js'
import { comparePaths, type FileTree, readFiles } from './tree.js'

const IDS = 'wnids.txt'
const WORDS = 'words.txt'
const ANNOTATIONS = 'val/val_annotations.txt'

/** Boxes of a class' training images, a line an image: they tell which images there have to be. */
const BOXES = /^train\/[^/]+\/[^/]+_boxes\.txt$/

/** True for the files that only this layout has. */
export function isTinyImagenetName(path: string): boolean {
  return path === IDS || path === ANNOTATIONS
}

/**
 * Labels are in the order of the classes' ids, as PyTorch's ImageFolder has them. The official validation images are the
 * test set; the published test images have no labels and are not read. There are three channels though some images are
 * grey.
 */
export async function readTinyImagenet(tree: FileTree, context: ReadContext): Promise<Splits | null> {
  const { problems, signal } = context
  const optional = tree.files.map(({ path }) => path).filter((path) => path === WORDS || BOXES.test(path))
  const contents = await attempt(problems, () =>
    readFiles(tree, [IDS, ANNOTATIONS, ...optional], problems, signal),
  )
  const linesOf = (path: string) => textLines(contents?.get(path))
  if (!contents?.has(IDS) || !contents.has(ANNOTATIONS)) return null
  const ids = [...new Set(linesOf(IDS).map((line) => line.trim()))].sort(comparePaths)
  const annotations = linesOf(ANNOTATIONS)
  if (ids.length === 0) problems.report(dataError(`${tree.where(IDS)} is empty: expected a class id a line`))
  if (annotations.length === 0)
    problems.report(
      dataError(`${tree.where(ANNOTATIONS)} is empty: expected an image's name, a tab and a class id a line`),
    )
  if (problems.count > 0) return null
  const boxes = optional.filter((path) => path !== WORDS).map((path) => ({ path, lines: linesOf(path) }))
  const plan = {
    classes: classNames(ids, linesOf(WORDS)),
    train: planTraining(tree, ids, boxes, problems),
    test: planValidation(tree, ids, { path: ANNOTATIONS, lines: annotations }, problems),
  }
  return plan.train.length === 0 ? null : readPlanned(tree, plan, 3, context)
}

function textLines(bytes: Uint8Array | undefined): string[] {
  const text = bytes === undefined ? '' : Buffer.from(bytes).toString('utf8')
  return text.split(/\r?\n/).filter((line) => line.trim() !== '')
}

/**
 * The first of each class' names in `words.txt`, whose lines are an id, a tab and names with commas between. A class
 * without one is called by its id, and classes of the same name get their ids added.
 */
function classNames(ids: readonly string[], words: readonly string[]): string[] {
  const wanted = new Set(ids)
  const texts = new Map<string, string>()
  for (const line of words) {
    const [id = '', names = ''] = line.split('\t')
    if (wanted.has(id)) texts.set(id, names)
  }
  const first = ids.map((id) => texts.get(id)?.split(',', 1)[0]?.trim() || id)
  return first.map((name, i) =>
    first.indexOf(name) === first.lastIndexOf(name) ? name : `${name} (${ids[i]})`,
  )
}
