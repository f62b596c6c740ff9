import { expect, test } from '@jest/globals'
import type { Table } from './table.ts'
import { markdownOf, textOf } from './table.ts'

const table: Table = {
  title: 'Things',
  columns: ['load', 'engine', 'records/s'],
  words: 2,
  rows: [
    ['w3', 'Kafka Streams', '1,000'],
    ['w3', 'millrace', '20,000'],
    ['w8 | long', 'millrace', '–'],
  ],
}

test('on a terminal words stand left, figures right, and a load is named once', () => {
  expect(textOf(table).split('\n')).toEqual([
    'Things',
    '───────────────────────────────────',
    'load       engine         records/s',
    '───────────────────────────────────',
    'w3         Kafka Streams      1,000',
    '           millrace          20,000',
    'w8 | long  millrace               –',
    '',
  ])
})

test('in Markdown every row stands for itself, and no cell ends early', () => {
  expect(markdownOf(table).split('\n')).toEqual([
    '### Things',
    '',
    '| load | engine | records/s |',
    '| --- | --- | --: |',
    '| w3 | Kafka Streams | 1,000 |',
    '| w3 | millrace | 20,000 |',
    '| w8 \\| long | millrace | – |',
    '',
  ])
})
