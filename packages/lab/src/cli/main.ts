#!/usr/bin/env node
// The command line: finds the command, and turns whatever goes wrong into one line and an exit code.

import { Command, CommanderError } from 'commander'
import { DctpsError } from 'dctps'
import { version } from '../run/index.js'
import { commands } from './commands.js'
import { exitCodeOf, exitCodes } from './exit-code.js'

const about =
  'Train, test and look into extremely sparse neural networks: each layer is a cosine transform, which is computed and ' +
  'not stored, plus a few trained weights (DCTpS).'

const firstSteps = `
First steps:
  dctps train                        train LeNet-5 at 1% density, built-in images
  dctps train --kind sparse          the same without transforms, to compare
  dctps eval runs/NAME               test a trained network
  dctps predict runs/NAME shoe.png   ask a trained network what an image shows
  dctps train --help                 all settings of a run

Exit codes: 0 success, 1 the job failed, 2 wrong usage, 130 stopped by Ctrl-C.`

async function main(args: readonly string[]): Promise<number> {
  const program = new Command('dctps')
    .description(about)
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .addHelpText('after', firstSteps)
    .configureOutput({ outputError: () => {} })
    .exitOverride()
  let running = 'dctps'
  program.hook('preSubcommand', (_, subcommand) => {
    running = `dctps ${subcommand.name()}`
  })
  for (const { register } of commands) register(program)
  if (args.length === 0) {
    program.outputHelp()
    return exitCodes.success
  }
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCodes.success
  } catch (error) {
    const line = messageOf(error, running)
    if (line !== null) process.stderr.write(`${running}: ${line}\n`)
    return exitCodeOf(error)
  }
}

/** One line, or null where everything has been said; what nobody expected keeps its stack. */
function messageOf(error: unknown, command: string): string | null {
  if (error instanceof DctpsError) return error.message.replaceAll('\n', ' ')
  if (error instanceof CommanderError) {
    const helpWasPrinted = error.exitCode === 0 || error.code === 'commander.help'
    return helpWasPrinted ? null : `${inOneLine(error.message)}; see ${command} --help`
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return `unexpected error, please report it: ${trace}`
}

/** Commander's words in the form of ours. */
function inOneLine(message: string): string {
  return message
    .replace(/^error: /, '')
    .replace(/\s*\(Did you mean (.*?)\?\)/s, ' (did you mean $1?)')
    .replaceAll('\n', ' ')
    .trim()
    .replace(/\.$/, '')
}

// Whoever reads our output may stop reading, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(exitCodes.success)
})

process.exitCode = await main(process.argv.slice(2))
