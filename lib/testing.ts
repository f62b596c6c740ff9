/** `millrace/testing`: a topology without a broker. */
export type { DriverOptions, TopicSerdes } from './testing/topology-test-driver.ts'
export { TestInput, TestOutput, TopologyTestDriver } from './testing/topology-test-driver.ts'
