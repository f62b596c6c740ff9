/** The log: pino behind four methods, so that a user's own logger fits as well. */
import { pino } from 'pino'

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug'

/** What is used of a logger; pino's fits. */
export interface Logger {
  error(fields: object, message: string): void
  warn(fields: object, message: string): void
  info(fields: object, message: string): void
  debug(fields: object, message: string): void
}

/** JSON lines on stderr, for stdout is a program's own. */
export function createLogger(level: LogLevel): Logger {
  return pino({ name: 'millrace', level }, pino.destination({ fd: 2, sync: true }))
}

export const silentLogger: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
}
