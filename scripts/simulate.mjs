// `npm run simulate -- --seeds N [--from S] [--topology NAME] [--guarantee G] [--log]`
import { spawnSync } from 'node:child_process'
import { install } from './install.mjs'

install({ everything: false })
const { status } = spawnSync(
  process.execPath,
  [
    '--import',
    './scripts/strip-types.mjs',
    '--conditions=millrace-source',
    'scripts/simulate/main.ts',
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit' },
)
process.exitCode = status ?? 1
