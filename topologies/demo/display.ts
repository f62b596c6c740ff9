/**
 * What a person sees: a table that is drawn over itself where stdout is a terminal, else a line a
 * row and a line of figures now and then.
 */

const ROWS = 12
/** Figures, an empty line, the names of the columns, the cursor. */
const LINES_AROUND = 4
const REDRAW_MS = 500
const STATUS_MS = 5000

export interface Figures {
  readonly state: string
  readonly inputPerSecond: number
  readonly read: number
  readonly written: number
  readonly commits: number
  readonly late: number
  readonly repeats: number
  readonly lag: number
}

export interface Display {
  add(row: readonly string[]): void
  close(): void
}

export function figuresLine(figures: Figures): string {
  const { state, inputPerSecond, read, commits, late, repeats, lag } = figures
  return `${state} · ${Math.round(inputPerSecond)} records/s · ${read} read, ${lag} waiting · ${commits} commits · dropped: ${late} late, ${repeats} repeats`
}

function pad(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, column) => cell.padEnd(widths[column] ?? 0))
    .join('  ')
    .trimEnd()
}

const cut = (line: string, width: number): string =>
  line.length > width ? `${line.slice(0, width - 1)}…` : line

/** Lines of a table that is at most `width` wide. */
export function table(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly string[] {
  const widths = columns.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  return [columns, ...rows].map((row) => cut(pad(row, widths), width))
}

export function display(
  out: NodeJS.WriteStream,
  columns: readonly string[],
  figures: () => Figures,
): Display {
  return out.isTTY ? liveTable(out, columns, figures) : plainLines(out, columns, figures)
}

function plainLines(
  out: NodeJS.WriteStream,
  columns: readonly string[],
  figures: () => Figures,
): Display {
  out.write(`${columns.join('\t')}\n`)
  const timer = setInterval(() => out.write(`# ${figuresLine(figures())}\n`), STATUS_MS)
  return {
    add: (row) => out.write(`${row.join('\t')}\n`),
    close: () => clearInterval(timer),
  }
}

function liveTable(
  out: NodeJS.WriteStream,
  columns: readonly string[],
  figures: () => Figures,
): Display {
  const rows: (readonly string[])[] = []
  let drawn = 0
  const draw = (): void => {
    // A line that wraps, or a table that scrolls, could not be drawn over.
    const shown = rows.slice(-Math.max(1, Math.min(ROWS, out.rows - LINES_AROUND)))
    const status = cut(figuresLine(figures()), out.columns)
    const lines = [status, '', ...table(columns, shown, out.columns)]
    // Up over what was drawn, from the first column (Ctrl-C leaves its echo there), then each line
    // anew; the rest of a longer table is cleared.
    const up = drawn > 0 ? `\r\x1b[${drawn}A` : ''
    out.write(`${up}${lines.map((line) => `\x1b[2K${line}`).join('\n')}\n\x1b[0J`)
    drawn = lines.length
  }
  const timer = setInterval(draw, REDRAW_MS)
  return {
    add: (row) => {
      rows.push(row)
      if (rows.length > ROWS) rows.shift()
    },
    close: () => {
      clearInterval(timer)
      draw()
    },
  }
}
