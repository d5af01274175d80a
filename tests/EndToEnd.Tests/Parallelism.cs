// Their processes compute for seconds and wait for minutes: more of them at once than there are cores.
[assembly: CollectionBehavior(MaxParallelThreads = 3)]
