// What an image folder holds, decided from its list of files alone: splits, classes, and which image goes where.
// Reading them is `image-folder`'s.

import { dataError, type Problems } from './problem.js'
import { type FileTree, filesByFolder } from './tree.js'

export interface PlannedImage {
  readonly path: string
  readonly label: number
}

export interface ImagePlan {
  /** Sorted folder names; label = index. */
  readonly classes: readonly string[]
  /** Sorted by class, then by path. */
  readonly train: readonly PlannedImage[]
  readonly test: readonly PlannedImage[] | null
}

/** The two folders that split a tree; any other name at the top is a class. */
export const TRAIN = 'train'
export const TEST = 'test'

/**
 * Plans `train/<class>/*` with an optional `test/<class>/*`, or `<class>/*` as training images only. Every file in a
 * class folder counts as an image; deeper folders do not.
 */
export function planImages(
  tree: FileTree,
  problems: Problems,
  onWarning: (message: string) => void,
): ImagePlan | null {
  const tops = tree.folders.filter((path) => !path.includes('/'))
  if (!tops.includes(TRAIN)) {
    if (tops.includes(TEST)) {
      problems.report(
        dataError(
          `${tree.location} has a folder ${TEST} but none named ${TRAIN}: expected ${TRAIN}/<class>/<image>`,
        ),
      )
      return null
    }
    const classes = classesOf(tree, '', problems)
    return classes === null ? null : { classes, train: imagesOf(tree, '', classes, problems), test: null }
  }
  const unused = tops.filter((name) => name !== TRAIN && name !== TEST)
  if (unused.length > 0) {
    onWarning(`${tree.location}: only ${TRAIN} and ${TEST} are read, not ${unused.join(', ')}`)
  }
  const classes = classesOf(tree, `${TRAIN}/`, problems)
  const testClasses = tops.includes(TEST) ? classesOf(tree, `${TEST}/`, problems) : null
  if (classes === null) return null
  if (testClasses !== null) compareClasses(tree, classes, testClasses, problems)
  return {
    classes,
    train: imagesOf(tree, `${TRAIN}/`, classes, problems),
    test: testClasses === null ? null : imagesOf(tree, `${TEST}/`, classes, problems),
  }
}

function classesOf(tree: FileTree, prefix: string, problems: Problems): string[] | null {
  const classes = tree.folders
    .filter((path) => path.startsWith(prefix))
    .map((path) => path.slice(prefix.length))
    .filter((name) => !name.includes('/'))
  if (classes.length > 0) return classes
  problems.report(
    dataError(
      `${prefix === '' ? tree.location : tree.where(prefix.slice(0, -1))} has no class folders: expected ${prefix}<class>/<image>, IDX files or CIFAR batches`,
    ),
  )
  return null
}

function imagesOf(
  tree: FileTree,
  prefix: string,
  classes: readonly string[],
  problems: Problems,
): PlannedImage[] {
  const byFolder = filesByFolder(tree)
  return classes.flatMap((name, label) => {
    const folder = prefix + name
    const paths = byFolder.get(folder) ?? []
    // a class that the split does not have at all is reported where the classes of the splits are compared
    if (paths.length === 0 && tree.folders.includes(folder)) {
      problems.report(dataError(`class folder ${tree.where(folder)} has no images; add some or remove it`))
    }
    return paths.map((path) => ({ path, label }))
  })
}

function compareClasses(
  tree: FileTree,
  train: readonly string[],
  test: readonly string[],
  problems: Problems,
): void {
  const onlyTrain = train.filter((name) => !test.includes(name))
  const onlyTest = test.filter((name) => !train.includes(name))
  if (onlyTrain.length + onlyTest.length === 0) return
  const parts = [
    onlyTrain.length > 0 ? `only in ${TRAIN}: ${onlyTrain.join(', ')}` : null,
    onlyTest.length > 0 ? `only in ${TEST}: ${onlyTest.join(', ')}` : null,
  ].filter((part) => part !== null)
  problems.report(
    dataError(`${tree.location}: ${TRAIN} and ${TEST} have different classes (${parts.join('; ')})`),
  )
}
