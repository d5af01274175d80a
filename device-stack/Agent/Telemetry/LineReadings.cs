using System.Text;
using System.Text.Json;

namespace IoTPlatform.Agent;

/// <summary>JSON objects, one a line. One without a timestamp gets that of its arrival, so that it is stored once however often it is sent.</summary>
internal sealed class LineReadings(TimeProvider time)
{
    /// <summary>Of a message from a device, with room for the timestamp.</summary>
    internal const int Longest = 64 * 1024 - 128;
    private DateTimeOffset _last;

    /// <summary>Null with why: it is no reading.</summary>
    public (byte[]? Reading, string? Problem) Read(string line)
    {
        var bytes = Encoding.UTF8.GetBytes(line.Trim());
        if (bytes.Length > Longest)
        {
            return (null, $"a line has more than {Longest} bytes");
        }

        try
        {
            using var json = JsonDocument.Parse(bytes);
            return json.RootElement.ValueKind != JsonValueKind.Object ? (null, "a line is no JSON object")
                : json.RootElement.TryGetProperty("timestamp", out _) ? (bytes, null)
                : (Stamped(bytes, isEmpty: !json.RootElement.EnumerateObject().Any()), null);
        }
        catch (JsonException)
        {
            return (null, "a line is no JSON");
        }
    }

    private byte[] Stamped(byte[] reading, bool isEmpty)
    {
        var now = time.GetUtcNow();
        // Never twice the same, in microseconds: two equal lines are two readings.
        now = new DateTimeOffset(now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
        _last = now > _last ? now : _last.AddMicroseconds(1);
        return [.. Encoding.ASCII.GetBytes($"{{\"timestamp\":\"{_last:yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'}\"{(isEmpty ? "" : ",")}"), .. reading.AsSpan()[1..]];
    }
}
