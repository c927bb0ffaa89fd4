// Prints the closing line of a CI run from vitest's report, and passes on the exit status of the test command.
import { existsSync, readFileSync } from 'node:fs'

const status = Number(process.argv[2])
const report = existsSync('test-results.json') ? JSON.parse(readFileSync('test-results.json', 'utf8')) : null
const passed = report?.numPassedTests ?? 0
// A failure outside the tests (install, lint, build) or a suite that could not load counts as one.
const failed = Math.max(report?.numFailedTests ?? 0, status === 0 && report !== null ? 0 : 1)
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
