namespace IoTPlatform.Benchmarks.Measurement;

/// <summary>CPU time of a server process and of the PostgreSQL processes below it, children that have ended included.</summary>
internal readonly record struct CpuTime(TimeSpan Server, TimeSpan Database)
{
    public TimeSpan Total => Server + Database;

    public static CpuTime operator -(CpuTime after, CpuTime before) => new(after.Server - before.Server, after.Database - before.Database);

    public static CpuTime Of(int processId)
    {
        var tree = ProcessStat.ReadTree(processId);
        return new CpuTime(Sum(false), Sum(true));

        TimeSpan Sum(bool database)
            => tree.Where(stat => stat.IsPostgres == database).Aggregate(TimeSpan.Zero, (sum, stat) => sum + stat.Own + stat.EndedChildren);
    }
}
