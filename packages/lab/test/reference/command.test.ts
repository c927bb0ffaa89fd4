import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { changeTensors, floats, temporaryFolder } from './folders.js'
import { writeLayers } from './synthetic.js'

const script = fileURLToPath(new URL('../../dist/reference/main.js', import.meta.url))

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' })
}

async function folderOfLayers(): Promise<string> {
  const folder = await temporaryFolder()
  await writeLayers(folder, 'layers', [{ kind: 'linear', in: 4, out: 6, alpha: 1, n: 2 }])
  return folder
}

describe('the command', () => {
  test('prints a table of the worst error of each kind and exits 0', async () => {
    const folder = await folderOfLayers()
    await writeFile(join(folder, 'notes.txt'), '')
    const { status, stdout } = run(folder)
    expect(status).toBe(0)
    expect(stdout).toMatch(/^layers\.safetensors: passed\n {2}what +compared +worst at +error +tolerance/)
    expect(stdout).toMatch(/\n {2}dalpha +1 +0\.dalpha .* ok\n/)
    expect(stdout).toMatch(/1 passed, 0 failed, 0 skipped; not fixtures: notes\.txt\n$/)
  })

  test('marks what exceeds its tolerance and exits 1', async () => {
    const folder = await folderOfLayers()
    await changeTensors(folder, 'layers.safetensors', (tensors) => {
      tensors.set('0.dalpha', floats([1], [Number(tensors.get('0.dalpha')!.data[0]) * 1.001]))
    })
    const { status, stdout } = run(folder)
    expect(status).toBe(1)
    expect(stdout).toMatch(/dalpha .* exceeded\n/)
  })

  test('exits 1 when there is nothing to run, and says so', async () => {
    const folder = await temporaryFolder()
    const { status, stdout } = run(folder)
    expect(status).toBe(1)
    expect(stdout).toBe(`nothing was run: ${folder} holds no fixture\n`)
  })

  test('prints one JSON object with --json', async () => {
    const { status, stdout } = run(await folderOfLayers(), '--json')
    expect(status).toBe(0)
    const result = JSON.parse(stdout)
    expect(result.passed).toBe(true)
    expect(result.files[0]).toMatchObject({ file: 'layers.safetensors', status: 'passed', problems: [] })
    expect(result.files[0].kinds[0]).toMatchObject({ kind: 'y', compared: 1, worst: '0.y', exceeded: false })
  })

  test.each([
    [['--jason'], /unknown option '--jason'/],
    [['a', 'b'], /too many arguments/],
    [['/no/such/folder'], /\/no\/such\/folder does not exist; give the folder/],
    [[script], /main\.js is not a folder/],
  ])('refuses %j in one line with exit code 2', (args, message) => {
    const { status, stdout, stderr } = run(...args)
    expect(status).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/\n\s+at /)
  })

  test('--help shows exit codes and examples', () => {
    const { status, stdout } = run('--help')
    expect(status).toBe(0)
    expect(stdout).toMatch(/Exit code: 0 [\s\S]*npm run test:reference -- /)
  })
})
