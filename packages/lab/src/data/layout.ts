// Which reader a tree of files is for, decided by the standard names in it. A single wrapping folder is looked through.

import { type CifarVariant, cifarVariantOf, readCifar } from './cifar.js'
import { isIdxName, readIdx } from './idx.js'
import { readImages } from './image-folder.js'
import { TEST, TRAIN } from './image-plan.js'
import type { ReadContext, Splits } from './reader.js'
import { isTinyImagenetName, readTinyImagenet } from './tiny-imagenet.js'
import { type FileTree, withoutWrapper } from './tree.js'

export type Layout = 'idx' | CifarVariant | 'tiny-imagenet' | 'images'

/** The layout of a tree and the tree without what wraps it. */
export function findLayout(tree: FileTree): { readonly layout: Layout; readonly tree: FileTree } {
  const inner = withoutWrapper(tree)
  for (const candidate of inner === null ? [tree] : [tree, inner]) {
    const layout = namedLayout(candidate)
    if (layout !== null) return { layout, tree: candidate }
  }
  // a split or a single class is part of the layout, not a wrapper
  const isSplit = tree.folders.includes(TRAIN) || tree.folders.includes(TEST)
  const wraps = inner !== null && !isSplit && inner.folders.length > 0
  return { layout: 'images', tree: wraps ? inner : tree }
}

function namedLayout(tree: FileTree): Layout | null {
  for (const { path } of tree.files) {
    if (isIdxName(path)) return 'idx'
    if (isTinyImagenetName(path)) return 'tiny-imagenet'
    const variant = cifarVariantOf(path)
    if (variant !== null) return variant
  }
  return null
}

/** Reads a tree with the reader of its layout. */
export function readTree(tree: FileTree, context: ReadContext): Promise<Splits | null> {
  const found = findLayout(tree)
  switch (found.layout) {
    case 'idx':
      return readIdx(found.tree, context)
    case 'tiny-imagenet':
      return readTinyImagenet(found.tree, context)
    case 'images':
      return readImages(found.tree, context)
    default:
      return readCifar(found.tree, found.layout, context)
  }
}
