// `npm run conformance -- --cases DIR`: runs recorded cases (JSON) through the DSL and the test driver.
import { spawn } from 'node:child_process'

const program = spawn(
  process.execPath,
  [
    '--import',
    './scripts/strip-types.mjs',
    '--conditions=millrace-source',
    'scripts/conformance/main.ts',
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit' },
)
program.on('exit', (code) => {
  process.exitCode = code ?? 1
})
