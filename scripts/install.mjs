// Installs what a command needs, when the lock file is newer than what is there.
import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, readlinkSync, statSync } from 'node:fs'

const changed = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0

// npm writes the hidden lock file at the end of each install, so it also tells a broken one.
const current = () => changed('node_modules/.package-lock.json') >= changed('package-lock.json')

/** `npm ci` empties the folder before it fills it: one that is linked to is somebody else's. */
function refuseLink() {
  if (!lstatSync('node_modules', { throwIfNoEntry: false })?.isSymbolicLink()) return
  const folder = readlinkSync('node_modules')
  process.stderr.write(
    `node_modules is a link to ${folder}, which is not what package-lock.json asks for: remove the link and run this again, or run npm ci where that folder belongs\n`,
  )
  process.exit(1)
}

/** `everything`: the tools of development too; else the packages that a program runs with. */
export function install({ everything }) {
  if (current() && (!everything || existsSync('node_modules/jest'))) return
  refuseLink()
  const only = everything ? '' : ' --omit=dev'
  const { status } = spawnSync(`npm ci${only} --ignore-scripts --no-audit --no-fund`, {
    shell: true,
    // A program's stdout is its own.
    stdio: ['inherit', 2, 2],
  })
  if (status !== 0) process.exit(status ?? 1)
}
