import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../', import.meta.url))

/** Data flows one way: a module imports only from its own folder and from those before it. */
const order = [
  'errors.ts',
  'random',
  'shape',
  'transform',
  'support',
  'network',
  'models',
  'program',
  'runtime',
  'train',
  'prune',
  'file',
  'predict',
]

/** The package's entries come last; they may import everything, each other too. */
const edges = ['index.ts', 'node.ts', 'node-worker.ts', 'browser.ts', 'browser-worker.ts']

/** The only files for Node alone. */
const nodeFiles = [
  'node.ts',
  'node-worker.ts',
  'file/node.ts',
  'file/node-cache-folder.ts',
  'file/node-transforms.ts',
]

/** Path below `src` -> source text. */
type Sources = ReadonlyMap<string, string>

function readSources(): Sources {
  const folder = join(root, 'src')
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
  return new Map(files.map((file) => [file, readFileSync(join(folder, file), 'utf8')]))
}

/** What a module imports, as written: static, side-effect, dynamic and re-exporting imports, and worker URLs. */
function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  const patterns = [
    /\bfrom\s*['"]([^'"]+)['"]/g,
    /\bimport\s*\(?\s*['"]([^'"]+)['"]/g,
    /\brequire\s*\(\s*['"]([^'"]+)['"]/g,
  ]
  return patterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1]!))
}

function target(file: string, specifier: string): string {
  return posix.join(dirname(file), specifier).replace(/\.js$/, '.ts')
}

function rank(file: string): number {
  const top = file.split('/')[0]!
  return edges.includes(file) ? order.length : order.indexOf(top)
}

/** Everything against the rules, as `importer -> imported: reason`. */
function violations(sources: Sources): string[] {
  const found: string[] = []
  for (const [file, source] of sources) {
    if (rank(file) < 0) found.push(`${file}: its folder has no place in the order`)
    for (const specifier of importsOf(source)) {
      const report = (reason: string) => found.push(`${file} -> ${specifier}: ${reason}`)
      if (specifier.startsWith('node:')) {
        if (!nodeFiles.includes(file)) report('only the Node files may import from Node')
      } else if (!specifier.startsWith('.')) {
        report('the core has no dependencies')
      } else {
        const imported = target(file, specifier)
        if (!sources.has(imported)) report('no such module')
        else if (rank(imported) > rank(file)) report('imports go one way')
      }
    }
  }
  return found
}

/** Files that a portable entry reaches although they are for Node alone. */
function nodeFilesReachedFrom(entry: string, sources: Sources): string[] {
  const reached = new Set([entry])
  for (const file of reached) {
    for (const specifier of importsOf(sources.get(file) ?? ''))
      if (specifier.startsWith('.')) reached.add(target(file, specifier))
  }
  return [...reached].filter((file) => nodeFiles.includes(file))
}

describe('the core package', () => {
  const sources = readSources()

  test('has no dependencies', () => {
    const manifest: Record<string, unknown> = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    for (const field of ['dependencies', 'peerDependencies', 'optionalDependencies', 'bundleDependencies'])
      expect(manifest[field], field).toBeUndefined()
  })

  test('imports one way, nothing from outside, and from Node only at the edge', () => {
    expect(sources.size).toBeGreaterThan(50)
    expect(violations(sources)).toEqual([])
  })

  test('emits transforms by the code of one folder: kept ones are named by a hash of it', () => {
    const outside = [...sources]
      .filter(([file]) => file.startsWith('transform/'))
      .flatMap(([, source]) => importsOf(source).filter((specifier) => !/^\.\/[^/]+$/.test(specifier)))
    expect(new Set(outside)).toEqual(new Set(['../errors.js']))
  })

  test.each(['index.ts', 'browser.ts', 'browser-worker.ts'])('%s reaches no file for Node alone', (entry) => {
    expect(sources.has(entry)).toBe(true)
    expect(nodeFilesReachedFrom(entry, sources)).toEqual([])
  })
})

describe('the rule about imports', () => {
  const check = (...files: [string, string][]) => violations(new Map(files))

  test('names the pair that turns back, however it is written', () => {
    const program: [string, string] = ['program/program.ts', '']
    const expected = ['network/network.ts -> ../program/program.js: imports go one way']
    for (const source of [
      `import { a } from '../program/program.js'`,
      `import type { A } from "../program/program.js"`,
      `import {\n  a,\n} from '../program/program.js'`,
      `export * from '../program/program.js'`,
      `import '../program/program.js'`,
      `await import('../program/program.js')`,
    ])
      expect(check(program, ['network/network.ts', source]), source).toEqual(expected)
  })

  test('lets a module import its own folder and those before it', () => {
    const source = `import '../network/network.js'\nimport './arena.js'`
    expect(
      check(['program/program.ts', source], ['program/arena.ts', ''], ['network/network.ts', '']),
    ).toEqual([])
  })

  test('names a package, a Node module, a missing module and a folder without a place', () => {
    expect(
      check(
        ['train/a.ts', `import lodash from 'lodash'\nimport { readFile } from 'node:fs'\nimport './b.js'`],
        ['stray/c.ts', ''],
        ['file/node.ts', `import { readFile } from 'node:fs'`],
      ),
    ).toEqual([
      'train/a.ts -> lodash: the core has no dependencies',
      'train/a.ts -> node:fs: only the Node files may import from Node',
      'train/a.ts -> ./b.js: no such module',
      'stray/c.ts: its folder has no place in the order',
    ])
  })

  test('does not read comments', () => {
    expect(check(['train/a.ts', `// import '../file/b.js'\n/* import 'lodash' */`])).toEqual([])
  })

  test('finds a file for Node behind a portable entry', () => {
    const sources = new Map([
      ['index.ts', `export * from './file/index.js'`],
      ['file/index.ts', `export * from './node.js'`],
      ['file/node.ts', ''],
    ])
    expect(nodeFilesReachedFrom('index.ts', sources)).toEqual(['file/node.ts'])
  })
})
