using System.Globalization;

namespace IoTPlatform.Benchmarks.Measurement;

/// <summary>Memory of a server process and of the PostgreSQL processes below it; pages that several of them map are counted once (PSS).</summary>
internal readonly record struct ResidentMemory(double ServerMiB, double DatabaseMiB)
{
    public static ResidentMemory Of(int processId)
    {
        var tree = ProcessStat.ReadTree(processId);
        return new ResidentMemory(Sum(database: false), Sum(database: true));

        double Sum(bool database) => tree.Where(stat => stat.IsPostgres == database).Sum(stat => MiB(stat.Id));
    }

    private static double MiB(int processId)
    {
        try
        {
            var line = File.ReadLines($"/proc/{processId}/smaps_rollup").First(text => text.StartsWith("Pss:", StringComparison.Ordinal));
            return long.Parse(line.AsSpan(4, line.Length - 4 - 2).Trim(), CultureInfo.InvariantCulture) / 1024.0;
        }
        catch (IOException)
        {
            return 0; // ended meanwhile
        }
    }
}
