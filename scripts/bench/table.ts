/** A table for people: aligned columns on a terminal, or Markdown. */

export interface Table {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** How many columns from the left hold words; the others hold figures. */
  readonly words: number
}

const GAP = '  '

function widthsOf({ columns, rows }: Table): number[] {
  return columns.map((column, at) =>
    Math.max(column.length, ...rows.map((row) => row[at]?.length ?? 0)),
  )
}

/** Figures to the right. A cell of the first column that repeats the one above is left empty. */
export function textOf(table: Table): string {
  const widths = widthsOf(table)
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, at) => {
        const cell = cells[at] ?? ''
        return at < table.words ? cell.padEnd(width) : cell.padStart(width)
      })
      .join(GAP)
      .trimEnd()
  const body = table.rows.map((row, at) =>
    line(row[0] === table.rows[at - 1]?.[0] ? ['', ...row.slice(1)] : row),
  )
  const rule = '─'.repeat(widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length))
  return [table.title, rule, line(table.columns), rule, ...body, ''].join('\n')
}

export function markdownOf(table: Table): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  const rules = table.columns.map((_, at) => (at < table.words ? '---' : '--:'))
  return [
    `### ${table.title}`,
    '',
    line(table.columns),
    line(rules),
    ...table.rows.map(line),
    '',
  ].join('\n')
}
