// `npm run mutants [-- ID …]`: takes rules of exactly-once out one by one; a test must fail each time
import { spawnSync } from 'node:child_process'
import { install } from './install.mjs'

install({ everything: true })
const { status } = spawnSync(
  process.execPath,
  ['--import', './scripts/strip-types.mjs', 'scripts/mutants/main.ts', ...process.argv.slice(2)],
  { stdio: 'inherit' },
)
process.exitCode = status ?? 1
