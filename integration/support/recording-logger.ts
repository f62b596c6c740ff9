/** A logger that keeps all it is told, errors with everything that they hold: what must not be in a log? */
import { inspect } from 'node:util'
import type { Logger } from '../../lib/core/logger.ts'

export interface RecordingLogger extends Logger {
  readonly lines: readonly string[]
}

export function recordingLogger(): RecordingLogger {
  const lines: string[] = []
  const keep =
    (level: string) =>
    (fields: object, message: string): void => {
      lines.push(`${level} ${message} ${allOf(fields)}`)
    }
  return {
    lines,
    error: keep('error'),
    warn: keep('warn'),
    info: keep('info'),
    debug: keep('debug'),
  }
}

/** Deeper than any log goes, hidden fields included. */
export function allOf(value: unknown): string {
  return inspect(value, { depth: 10, showHidden: true })
}
