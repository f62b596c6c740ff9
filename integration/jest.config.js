import base from '../jest.config.js'

/** Real processes, sockets and disks, one suite at a time: they share ports and two cores. */
/** @type {import('jest').Config} */
export default {
  ...base,
  rootDir: '..',
  roots: ['<rootDir>/integration'],
  maxWorkers: 1,
  testTimeout: 120_000,
}
