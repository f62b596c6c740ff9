/** A rule of exactly-once, how to take it out of the source, and the test that fails without it. */

export interface Edit {
  readonly file: string
  /** The text that is the rule; it must occur exactly once. */
  readonly rule: string
  readonly instead: string
}

export interface Mutant {
  /** Of the schedule that it breaks under, and a letter where it has several rules. */
  readonly id: string
  /** What is left when the rule is gone. */
  readonly bug: string
  readonly edits: readonly Edit[]
  /** File of the test, and how its whole name begins or what it contains. */
  readonly test: string
  readonly name: string
}

/** The test file of schedules about a subject. */
export const schedules = (subject: string): string => `lib/schedules/${subject}.test.ts`
