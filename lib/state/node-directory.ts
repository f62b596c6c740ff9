/**
 * The state directory on disk: `<path>/<application>/` with `process.json`, `owner.json` and a
 * directory per task (FORMATS.md). The only file of state that touches the file system.
 *
 * One process at a time has it (owner.ts); within this process a registry by real path refuses a
 * second one, for LevelDB's own lock can be broken from inside the process.
 */
import { readFileSync, readlinkSync } from 'node:fs'
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { hostname, tmpdir, uptime } from 'node:os'
import { join } from 'node:path'
import type { Clock, Timer } from '../core/clock.ts'
import { FatalError, messageOf } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { Random } from '../core/random.ts'
import { uuid } from '../core/random.ts'
import type { ByteStore } from './byte-store.ts'
import type { Host, Owner } from './owner.ts'
import { claim, inUse, isSameOwner, ownerOf, parseOwner, RENEWAL_MS } from './owner.ts'
import { PROCESS_VERSION, parseProcess } from './process-file.ts'
import type { StateDirectory } from './state-directory.ts'
import { folderOf, taskOf } from './task-folder.ts'

/** Directories of tasks that nobody here opened for so long are of tasks that live elsewhere. */
const FOREIGN_TASK_MS = 86_400_000
const CLEANING_EVERY_MS = 3_600_000

export interface NodeDirectoryOptions {
  /** Undefined: a fresh temporary directory, removed at close. */
  readonly path: string | undefined
  readonly applicationId: string
  /** Opens the database in a directory. */
  readonly openStore: (path: string) => Promise<ByteStore>
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly host?: Host
}

/** Real paths that this process has. */
const OPEN = new Set<string>()

/** Waits up to 10 s for an owner that cannot be looked up. Throws STATE_DIR_IN_USE, STATE_FOREIGN. */
export async function openStateDirectory(options: NodeDirectoryOptions): Promise<StateDirectory> {
  const { path, applicationId, clock, host = nodeHost(clock) } = options
  const base = path ?? (await mkdtemp(join(tmpdir(), 'millrace-')))
  const folder = join(base, folderOf(applicationId))
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  const root = await realpath(folder)
  if (OPEN.has(root)) throw inUse(root, 'another instance in this process')
  OPEN.add(root)
  try {
    const owner = await takeOver(root, host, clock)
    try {
      const processId = await readProcessId(root, options)
      const known = new Set(await tasksIn(root))
      const temporary = path === undefined ? base : undefined
      return new NodeDirectory(options, { root, temporary, owner, host, processId, known })
    } catch (error) {
      await rm(join(root, 'owner.json'), { force: true })
      throw error
    }
  } catch (error) {
    OPEN.delete(root)
    throw error
  }
}

interface Taken {
  readonly root: string
  /** To remove at close. */
  readonly temporary: string | undefined
  readonly owner: Owner
  readonly host: Host
  readonly processId: string
  readonly known: Set<string>
}

class NodeDirectory implements StateDirectory {
  readonly processId: string
  readonly bootId: string
  readonly lost: Promise<never>
  readonly #options: NodeDirectoryOptions
  readonly #taken: Taken
  /** Tasks that were opened in this life. */
  readonly #used = new Set<string>()
  #isClosed = false
  #timer: Timer | undefined
  #renewing: Promise<void> = Promise.resolve()
  #lose: (error: unknown) => void = () => undefined
  #nextCleaning: number

  constructor(options: NodeDirectoryOptions, taken: Taken) {
    this.#options = options
    this.#taken = taken
    this.processId = taken.processId
    this.bootId = taken.host.bootId
    this.#nextCleaning = options.clock.now() + CLEANING_EVERY_MS
    this.lost = new Promise((_, reject) => {
      this.#lose = reject
    })
    // Whoever wants to know awaits it; nobody has to.
    this.lost.catch(() => undefined)
    this.#scheduleRenewal()
  }

  tasks(): readonly string[] {
    return [...this.#taken.known].sort()
  }

  async open(task: string): Promise<ByteStore> {
    const path = join(this.#taken.root, folderOf(task))
    await mkdir(path, { recursive: true, mode: 0o700 })
    this.#taken.known.add(task)
    this.#used.add(task)
    return this.#options.openStore(path)
  }

  async remove(task: string): Promise<void> {
    await rm(join(this.#taken.root, folderOf(task)), { recursive: true, force: true })
    this.#taken.known.delete(task)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    await this.#renewing
    const { root, owner, temporary } = this.#taken
    if (isSameOwner(await readOwner(root), owner))
      await rm(join(root, 'owner.json'), { force: true })
    OPEN.delete(root)
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true })
  }

  #scheduleRenewal(): void {
    if (this.#isClosed) return
    this.#timer = this.#options.clock.timer(RENEWAL_MS, () => {
      this.#renewing = this.#renew().then(
        () => this.#scheduleRenewal(),
        (error: unknown) => {
          const { logger } = this.#options
          logger.error({ reason: messageOf(error) }, 'the state directory is lost')
          this.#lose(error)
        },
      )
    })
  }

  async #renew(): Promise<void> {
    const { root, owner, host } = this.#taken
    const { clock, logger } = this.#options
    const now = clock.now()
    const found = await readOwner(root)
    if (found !== undefined && !isSameOwner(found, owner))
      throw inUse(root, `process ${found.pid}, which took it over`)
    try {
      await writeOwner(root, ownerOf(host, now))
      if (now >= this.#nextCleaning) await this.#clean(now)
    } catch (error) {
      // A full disk is no reason to stop: the next renewal may succeed.
      logger.warn({ reason: messageOf(error) }, 'the owner file could not be renewed')
    }
  }

  /** Tasks that live elsewhere since a day leave no state here. */
  async #clean(now: number): Promise<void> {
    this.#nextCleaning = now + CLEANING_EVERY_MS
    const { root, known } = this.#taken
    for (const task of known) {
      if (this.#used.has(task)) continue
      if (now - (await newestIn(join(root, folderOf(task)))) < FOREIGN_TASK_MS) continue
      this.#options.logger.info({ task }, 'state of a task that lives elsewhere is removed')
      await this.remove(task)
    }
  }
}

async function takeOver(root: string, host: Host, clock: Clock): Promise<Owner> {
  let found = await readOwner(root)
  for (;;) {
    const verdict = claim(found, host, clock.now())
    if (verdict === 'free') break
    if (verdict === 'taken') throw inUse(root, `process ${found?.pid}`)
    await clock.sleep(Math.min(verdict.waitMs, RENEWAL_MS))
    const now = await readOwner(root)
    if (now !== undefined && now.renewedAt !== found?.renewedAt)
      throw inUse(root, `process ${now.pid} of another container or host, which renews its claim`)
    found = now
  }
  const owner = ownerOf(host, clock.now())
  await writeOwner(root, owner)
  // Two may have found it free at once: the later one has it.
  if (!isSameOwner(await readOwner(root), owner)) throw inUse(root, 'a process that was faster')
  return owner
}

async function readOwner(root: string): Promise<Owner | undefined> {
  const text = await readText(join(root, 'owner.json'))
  return text === undefined ? undefined : parseOwner(text)
}

function writeOwner(root: string, owner: Owner): Promise<void> {
  return replace(join(root, 'owner.json'), `${JSON.stringify(owner)}\n`)
}

async function readProcessId(
  root: string,
  { random, logger }: NodeDirectoryOptions,
): Promise<string> {
  const path = join(root, 'process.json')
  const text = await readText(path)
  const found = text === undefined ? undefined : parseProcess(text)
  if (found !== undefined && found.version > PROCESS_VERSION)
    throw new FatalError(
      'STATE_FOREIGN',
      `${path} was written by a newer version of millrace (version ${found.version}, known up to ${PROCESS_VERSION}): run that version, or use another stateDir`,
    )
  if (found !== undefined) return found.processId
  if (text !== undefined) logger.warn({ path }, 'process.json cannot be read: a new process id')
  const processId = uuid(random)
  await replace(path, `${JSON.stringify({ version: PROCESS_VERSION, processId })}\n`)
  return processId
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Whole or not at all. */
async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 })
  await rename(`${path}.new`, path)
}

async function tasksIn(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => taskOf(entry.name))
    .filter((task) => task !== undefined)
}

/** When a directory was last written to. */
async function newestIn(path: string): Promise<number> {
  const times = (await readdir(path)).map(async (name) => (await stat(join(path, name))).mtimeMs)
  return Math.max(0, ...(await Promise.all(times)))
}

/** Linux says it exactly; elsewhere the host's name and the time of its boot have to do. */
export function nodeHost(clock: Clock): Host {
  const linux = process.platform === 'linux'
  const bootTime = Math.round((clock.now() - uptime() * 1000) / 60_000)
  return {
    pid: process.pid,
    pidNamespace: linux ? readlinkSync('/proc/self/ns/pid') : hostname(),
    bootId: linux ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() : `${bootTime}`,
    startTimeOf: linux ? linuxStartTime : portableStartTime,
  }
}

/** Field 22 of /proc/PID/stat, counted behind the command, which may hold anything. */
function linuxStartTime(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    // A zombie has ended: only its parent has not looked yet.
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

/** Only whether the process is there. */
function portableStartTime(pid: number): string | undefined {
  try {
    process.kill(pid, 0)
    return ''
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? '' : undefined
  }
}
