// One broker serves all classes, and some of them kill it.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
