/** What a runner tells its harness on stdout: where in the input it is. */
export const env = process.env

const mark = Number(env.BENCH_MARK ?? 0)
const last = Number(env.BENCH_LAST ?? 0)
let count = 0

function tell(word) {
  process.stdout.write(`@${word}\n`)
}

/** Called for each input record, as early as user code sees it. */
export function seen() {
  count++
  if (count === 1) tell('FIRST')
  if (count === mark) tell('MARK')
  if (count === last) tell('LAST')
}

export function running() {
  tell('RUNNING')
}
