/** What `process.json` holds: the process id that outlives the process. */

export const PROCESS_VERSION = 1

export interface ProcessFile {
  readonly version: number
  readonly processId: string
}

/** Undefined for what cannot be read. Of a newer version only the version is known. */
export function parseProcess(text: string): ProcessFile | undefined {
  try {
    const { version, processId } = JSON.parse(text) as { version?: unknown; processId?: unknown }
    if (typeof version !== 'number') return undefined
    if (version > PROCESS_VERSION) return { version, processId: '' }
    if (typeof processId !== 'string' || !/^[0-9a-f-]{36}$/.test(processId)) return undefined
    return { version, processId }
  } catch {
    return undefined
  }
}
