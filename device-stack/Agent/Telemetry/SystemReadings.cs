using System.Globalization;
using System.Text.Json;

namespace IoTPlatform.Agent;

/// <summary>What the machine says of itself: cpu, memory, uptime, disk. What it does not say is left out.</summary>
internal sealed class SystemReadings(string disk, TimeProvider time)
{
    private (long Busy, long All)? _cpu;

    public byte[] Read()
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("timestamp", time.GetUtcNow());
            if (Cpu() is { } cpu)
            {
                json.WriteNumber("cpu", Math.Round(cpu, 3));
            }

            if (Lines("/proc/meminfo") is { Length: > 0 } memory && (Kilobytes(memory, "MemTotal:"), Kilobytes(memory, "MemAvailable:")) is ({ } total, { } available))
            {
                json.WriteNumber("memory_total", total * 1024);
                json.WriteNumber("memory_used", (total - available) * 1024);
            }

            json.WriteNumber("uptime", Environment.TickCount64 / 1000);
            var drive = new DriveInfo(disk);
            json.WriteNumber("disk_total", drive.TotalSize);
            json.WriteNumber("disk_free", drive.AvailableFreeSpace);
            json.WriteEndObject();
        }

        return body.ToArray();
    }

    /// <summary>Since the last reading, 0 to 1 over all processors; null: not known yet.</summary>
    private double? Cpu()
    {
        if (Lines("/proc/stat") is not [var first, ..] || first.Split(' ', StringSplitOptions.RemoveEmptyEntries) is not ["cpu", .. var columns] || columns.Length < 5)
        {
            return null;
        }

        var ticks = columns.Take(8).Select(column => long.Parse(column, CultureInfo.InvariantCulture)).ToArray();
        var now = (Busy: ticks.Sum() - ticks[3] - ticks[4], All: ticks.Sum());
        var before = _cpu;
        _cpu = now;
        return before is { } earlier && now.All > earlier.All ? (double)(now.Busy - earlier.Busy) / (now.All - earlier.All) : null;
    }

    private static long? Kilobytes(string[] lines, string name) =>
        lines.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var value, ..]
            ? long.Parse(value, CultureInfo.InvariantCulture)
            : null;

    private static string[] Lines(string path) => File.Exists(path) ? File.ReadAllLines(path) : [];
}
