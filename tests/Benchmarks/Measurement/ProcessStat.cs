using System.Globalization;

namespace IoTPlatform.Benchmarks.Measurement;

/// <summary>What /proc/PID/stat says (man 5 proc).</summary>
internal sealed record ProcessStat(int Id, string Command, int ParentId, TimeSpan Own, TimeSpan EndedChildren)
{
    private const int TicksPerSecond = 100; // USER_HZ, fixed by Linux's interface to programs

    public bool IsPostgres => Command == "postgres";

    public static Dictionary<int, ProcessStat> ReadAll()
    {
        var all = new Dictionary<int, ProcessStat>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && TryRead(id) is { } stat)
            {
                all[id] = stat;
            }
        }

        return all;
    }

    /// <summary>The process and everything below it.</summary>
    public static IReadOnlyList<ProcessStat> ReadTree(int root)
    {
        var all = ReadAll();
        var tree = new List<ProcessStat>();
        Collect(root);
        return tree;

        void Collect(int id)
        {
            if (all.TryGetValue(id, out var stat))
            {
                tree.Add(stat);
                foreach (var child in all.Values.Where(candidate => candidate.ParentId == id))
                {
                    Collect(child.Id);
                }
            }
        }
    }

    private static ProcessStat? TryRead(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");

            // The command is in parentheses and may itself contain blanks and parentheses.
            var end = text.LastIndexOf(')');
            var fields = text[(end + 2)..].Split(' ');
            return new ProcessStat(
                id,
                text[(text.IndexOf('(') + 1)..end],
                int.Parse(fields[1], CultureInfo.InvariantCulture),
                Time(fields[11]) + Time(fields[12]),
                Time(fields[13]) + Time(fields[14]));
        }
        catch (IOException)
        {
            return null; // ended meanwhile
        }
    }

    private static TimeSpan Time(string ticks)
        => TimeSpan.FromTicks(long.Parse(ticks, CultureInfo.InvariantCulture) * TimeSpan.TicksPerSecond / TicksPerSecond);
}
