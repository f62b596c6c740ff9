/** Every workload, by name. */
import { dedup } from './dedup.ts'
import { join } from './join.ts'
import { windowedFinal } from './windowed-final.ts'
import { wordCount } from './word-count.ts'
import type { Workload } from './workload.ts'

export const workloads: readonly Workload[] = [wordCount, windowedFinal, dedup, join]
