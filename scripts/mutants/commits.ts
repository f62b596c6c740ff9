/** Rules of commits, transactions and generations. */
import { type Mutant, schedules } from './rule.ts'

const COMMIT = 'lib/runtime/commit.ts'
const OWNERSHIP = 'lib/runtime/ownership.ts'
const PRODUCER = 'lib/kafka/client/transactional-producer.ts'
const COORDINATOR = 'lib/kafka/client/transaction-coordinator.ts'
const FENCES_TEST = 'lib/kafka/client/transaction-fences.test.ts'
const PRODUCER_TEST = 'lib/kafka/client/transactional-producer.test.ts'

export const commitMutants: readonly Mutant[] = [
  {
    id: 'generation-a',
    bug: 'offsets are committed without a generation',
    edits: [
      {
        file: COORDINATOR,
        rule: 'generationId: generation,\n        memberId,',
        instead: "generationId: -1,\n        memberId: '',",
      },
    ],
    test: FENCES_TEST,
    name: 'is refused offsets under a generation that is over, and commits nothing then',
  },
  {
    id: 'generation-b',
    bug: 'a member goes on where it was after a generation that it missed',
    edits: [
      {
        file: OWNERSHIP,
        rule: 'if (!isNext(this.#fence, joined.fence)) this.#rewind()',
        instead: '',
      },
    ],
    test: 'lib/runtime/missed-generation.test.ts',
    name: 'what others did in a generation that a member missed',
  },
  {
    id: 'zombie',
    bug: 'a process that was stopped and wakes commits what it had read',
    edits: [
      {
        file: COORDINATOR,
        rule: 'generationId: generation,\n        memberId,',
        instead: "generationId: -1,\n        memberId: '',",
      },
    ],
    test: schedules('fences'),
    name: 'A zombie that wakes in the middle of a commit',
  },
  {
    id: 'A1',
    bug: 'a transaction in which nothing was read has no offsets, hence no fence',
    edits: [
      {
        file: COMMIT,
        rule: 'const offsets = this.#offsetsOf(spans)',
        instead: `const offsets = this.#offsetsOf(spans).filter(
          ({ topic, partition, offset }) =>
            this.offsets.get(partitionKey(topic, partition)) !== offset,
        )`,
      },
      {
        file: PRODUCER,
        rule: 'if (offsets.length === 0) throw unfenced(this.#options.transactionalId)',
        instead: '',
      },
    ],
    test: schedules('fences'),
    name: 'A1: the fence holds for a timer’s span that was about to be committed',
  },
  {
    id: 'A7-a',
    bug: 'at-least-once remembers a record whose output is not acknowledged',
    edits: [
      {
        file: COMMIT,
        rule: 'if (outputs !== undefined) await this.#flushOutputs(outputs)',
        instead: 'outputs?.push()',
      },
    ],
    test: schedules('guarantees'),
    name: 'A7: outputs that are still on their way',
  },
  {
    id: 'B2',
    bug: 'an instance id that another process has taken is a reason to join again',
    edits: [
      { file: 'lib/kafka/client/reactions.ts', rule: "82: 'occupied'", instead: "82: 'forgotten'" },
    ],
    test: schedules('fences'),
    name: 'B2: one instance id for two',
  },
  {
    id: 'B5-a',
    bug: 'only the epoch of an EndTxn answer is taken, not the producer id',
    edits: [
      {
        file: PRODUCER,
        rule: 'await this.#committed(ending.next ?? this.#identity, signal)',
        instead: `await this.#committed(
        { producerId: this.#identity.producerId, producerEpoch: (ending.next ?? this.#identity).producerEpoch },
        signal,
      )`,
      },
    ],
    test: schedules('fences'),
    name: 'B5: producer ids that are used up',
  },
  {
    id: 'B5-b',
    bug: 'sequences go on under another identity',
    edits: [
      {
        file: PRODUCER,
        rule: "if (!isSame || this.#phase === 'undecided') this.#sender.reset()",
        instead: "if (this.#phase === 'undecided') this.#sender.reset()",
      },
    ],
    test: schedules('fences'),
    name: 'B5: producer ids that are used up',
  },
  {
    id: 'B7-a',
    bug: 'the codes of single partitions are not looked at',
    edits: [
      {
        file: COORDINATOR,
        rule: '      codes: codesOf,\n',
        instead: '      codes: () => [0],\n',
      },
    ],
    test: FENCES_TEST,
    name: 'does not commit when one offset was refused, such as for metadata over 4,096 bytes',
  },
  {
    id: 'B7-b',
    bug: 'a topology whose offset metadata the broker would refuse is accepted',
    edits: [
      {
        file: 'lib/runtime/offset-metadata.ts',
        rule: 'if (length <= METADATA_LIMIT) return\n',
        instead: 'return\n',
      },
    ],
    test: 'lib/runtime/offset-metadata.test.ts',
    name: 'that could pass the limit is refused with the name of the sub-topology',
  },
  {
    id: 'B8-a',
    bug: 'at-most-once goes on after a commit that was not answered',
    edits: [
      {
        file: 'lib/kafka/client/group-offsets.ts',
        rule: "      throw new TaskMigratedError(\n        'GENERATION_ENDED',",
        instead: "      void new TaskMigratedError(\n        'GENERATION_ENDED',",
      },
    ],
    test: schedules('guarantees'),
    name: 'B8: at-most-once joins again after a commit that was not answered',
  },
  {
    id: 'B8-b',
    bug: 'at-most-once commits behind what it processes, and so rewinds',
    edits: [
      {
        file: 'lib/runtime/turns.ts',
        rule: "this.#ahead = settings.guarantee === 'at-most-once'",
        instead: 'this.#ahead = false',
      },
      { file: COMMIT, rule: 'if (!ahead) await passing', instead: 'await passing' },
    ],
    test: schedules('guarantees'),
    name: 'B8: at-most-once never emits twice (killed at produced)',
  },
  ...([1, 2] as const).flatMap((version): Mutant[] => [
    {
      id: `EndTxn-V${version}-a`,
      bug: 'a span that nobody answered for is taken as committed',
      edits: [
        {
          file: COMMIT,
          rule: "return outcome === 'committed' ? ends : undefined",
          instead: 'return outcome === undefined ? undefined : ends',
        },
      ],
      test: schedules('unanswered-commits'),
      name: `B9: a commit that was never answered leaves nothing when it never arrived (transactions V${version})`,
    },
    {
      id: `B9-V${version}`,
      bug: 'who settles a span does not replay the tail of its changelogs',
      edits: [
        {
          file: 'lib/runtime/restore.ts',
          rule: 'follower.position = own\n',
          instead: 'follower.position = follower.end\n',
        },
      ],
      test: schedules('unanswered-commits'),
      name: `B9: a commit that was never answered is settled by the next owner of the tail (transactions V${version})`,
    },
  ]),
  {
    id: 'EndTxn-V1-b',
    bug: 'under V1 the next transaction begins under an epoch in which a late EndTxn may arrive',
    edits: [
      {
        file: PRODUCER,
        rule: "if (this.#coordinator.version === 'v2' || !lostAnswer) return",
        instead: 'if (lostAnswer || !lostAnswer) return',
      },
    ],
    test: PRODUCER_TEST,
    name: 'lets no late EndTxn of one transaction decide the next',
  },
  {
    id: 'EndTxn-V2-b',
    bug: 'the identity of a repeated EndTxn answer is not taken',
    edits: [
      {
        file: 'lib/kafka/client/transaction-end.ts',
        rule: "return { outcome: 'committed', next: identityIn(answer) }",
        instead:
          "return { outcome: 'committed', next: isCertain ? identityIn(answer) : undefined }",
      },
    ],
    test: PRODUCER_TEST,
    name: 'takes the new producer id from a repeated EndTxn as well',
  },
  {
    id: 'rewind',
    bug: 'who gives a span up goes back to where it began, not to what is committed',
    edits: [
      {
        file: OWNERSHIP,
        rule: `await starts.reread(
      open.filter((active) => !isNew(active)),
      halt,
    )`,
        instead: '',
      },
    ],
    test: schedules('undone-spans'),
    name: 'A8 and our own transaction timing out rewinds times, rows and objects to what was committed (at produced)',
  },
  {
    id: 'EndTxn-c',
    bug: 'EndTxn is given up after a while, though the membership lives',
    edits: [
      {
        file: COORDINATOR,
        rule: 'patienceMs: committed ? Infinity : patienceMs,',
        instead: 'patienceMs: 3000,',
      },
    ],
    test: schedules('unanswered-commits'),
    name: 'B9: a commit that was never answered is repeated until it is decided',
  },
  {
    id: 'drain-a',
    bug: 'a drain ends though its last span was given up',
    edits: [
      {
        file: 'lib/runtime/worker.ts',
        rule: `      // A span that is not settled was rewound: its input is still to be processed.
      if (this.#own.table.restoring().length > 0) return false
`,
        instead: '',
      },
    ],
    test: schedules('unanswered-commits'),
    name: 'A stop with drain goes on when its last span has to be given up',
  },
  {
    id: 'drain-b',
    bug: 'a drain ends though its last commit has put more into topics of its own',
    edits: [
      {
        file: 'lib/runtime/worker.ts',
        rule: 'return !(await this.#drain.grown())',
        instead: 'return true',
      },
    ],
    test: schedules('unanswered-commits'),
    name: 'A stop with drain reads behind what it writes to topics of its own',
  },
]
