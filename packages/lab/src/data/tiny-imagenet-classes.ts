// What Tiny ImageNet is recognised by when it comes in another layout, such as plain class folders.

/** A few of the 200 classes, WordNet id and name: more than other data has by chance. */
const SOME_CLASSES: readonly (readonly [string, string])[] = [
  ['n01443537', 'goldfish'],
  ['n01629819', 'European fire salamander'],
  ['n01641577', 'bullfrog'],
  ['n01698640', 'American alligator'],
  ['n01768244', 'trilobite'],
  ['n01770393', 'scorpion'],
  ['n01784675', 'centipede'],
  ['n01882714', 'koala'],
  ['n07920052', 'espresso'],
  ['n09193705', 'alp'],
  ['n09246464', 'cliff'],
  ['n12267677', 'acorn'],
]

const CLASSES = 200

/** True for the classes of Tiny ImageNet, called by their ids or by their names. */
export function hasTinyImagenetClasses(classes: readonly string[]): boolean {
  const present = new Set(classes)
  return (
    classes.length === CLASSES && SOME_CLASSES.every(([id, name]) => present.has(id) || present.has(name))
  )
}
