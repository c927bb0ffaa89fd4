// Which image of Tiny ImageNet is in which split and class, from its lists and the names of its files. Lists and files have
// to agree: an image that is named and not there, or there and not named, is a problem.

import type { PlannedImage } from './image-plan.js'
import { dataError, type Problems } from './problem.js'
import { type FileTree, filesByFolder } from './tree.js'

/** Lines of a text file that is part of the data set; each begins with an image's name and a tab. */
export interface ImageList {
  readonly path: string
  readonly lines: readonly string[]
}

const TRAIN = 'train'
const VALIDATION = 'val/images'

/**
 * `train/<id>/images/*`, sorted by class, then by path.
 * @param ids of the classes, in the order of their labels
 * @param boxes lists of the images that there have to be, one a class, for as many classes as have one
 */
export function planTraining(
  tree: FileTree,
  ids: readonly string[],
  boxes: readonly ImageList[],
  problems: Problems,
): PlannedImage[] {
  const folders = tree.folders
    .filter((path) => path.startsWith(`${TRAIN}/`))
    .map((path) => path.slice(TRAIN.length + 1))
    .filter((name) => !name.includes('/'))
  report(
    problems,
    difference(folders, ids),
    (names) => `${tree.where(TRAIN)} has folders that wnids.txt does not name: ${names}`,
  )
  const byFolder = filesByFolder(tree)
  const folderOf = (id: string) => `${TRAIN}/${id}/images`
  report(
    problems,
    ids.filter((id) => !byFolder.has(folderOf(id))),
    (names) => `${tree.where(TRAIN)} has no images of classes that wnids.txt names: ${names}`,
  )
  const listed = boxes.flatMap(({ path, lines }) => {
    const folder = path.slice(0, path.lastIndexOf('/'))
    return lines.map((line) => `${folder}/images/${firstField(line)}`)
  })
  const present = new Set([...byFolder.values()].flat())
  report(
    problems,
    listed.filter((path) => !present.has(path)),
    (names) => `${tree.location} lacks training images that the lists of boxes name: ${names}`,
  )
  return ids.flatMap((id, label) => (byFolder.get(folderOf(id)) ?? []).map((path) => ({ path, label })))
}

/** `val/images/*`, in the order of the annotations, whose lines are an image's name, a tab and a class id. */
export function planValidation(
  tree: FileTree,
  ids: readonly string[],
  annotations: ImageList,
  problems: Problems,
): PlannedImage[] {
  const where = tree.where(annotations.path)
  const labels = new Map(ids.map((id, label) => [id, label]))
  const present = new Set(filesByFolder(tree).get(VALIDATION))
  const images = new Map<string, number>()
  const unknown: string[] = []
  const missing: string[] = []
  const repeated: string[] = []
  for (const line of annotations.lines) {
    const [name = '', id = ''] = line.split('\t')
    const path = `${VALIDATION}/${name}`
    const label = labels.get(id)
    if (images.has(path)) repeated.push(name)
    if (label === undefined) unknown.push(`${id === '' ? 'none' : id} (${name})`)
    else if (present.has(path)) images.set(path, label)
    else missing.push(name)
  }
  report(problems, unknown, (names) => `${where} names classes that wnids.txt does not: ${names}`)
  report(problems, missing, (names) => `${where} names images that are not in ${VALIDATION}: ${names}`)
  report(problems, repeated, (names) => `${where} names images more than once: ${names}`)
  const named = annotations.lines.map((line) => `${VALIDATION}/${firstField(line)}`)
  report(
    problems,
    difference([...present], named),
    (names) => `${where} does not name images that are there: ${names}`,
  )
  return [...images].map(([path, label]) => ({ path, label }))
}

function firstField(line: string): string {
  return line.split('\t', 1)[0] ?? line
}

/** Those of `some` that `others` lack. */
function difference(some: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others)
  return some.filter((name) => !known.has(name))
}

/** Names in a message: enough to find the cause, however many there are. */
const NAMES_SHOWN = 3

function report(problems: Problems, names: readonly string[], message: (names: string) => string): void {
  if (names.length === 0) return
  const shown = names.slice(0, NAMES_SHOWN).join(', ')
  const rest = names.length - NAMES_SHOWN
  problems.report(dataError(message(rest > 0 ? `${shown} and ${rest} more` : shown)))
}
