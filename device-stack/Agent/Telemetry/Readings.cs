using System.Globalization;
using System.Text;

namespace IoTPlatform.Agent;

/// <summary>Fills the spool, from the machine itself or from lines, whether or not there is a connection.</summary>
internal sealed class Readings(Spool spool, AgentOptions options, string folder, TimeProvider time, Action<AgentEventKind, string> report)
{
    private long _dropped = spool.Dropped;

    /// <summary>Until it is stopped.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(SystemAsync(cancellationToken), LinesAsync(cancellationToken), Task.Delay(Timeout.Infinite, cancellationToken));

    private async Task SystemAsync(CancellationToken cancellationToken)
    {
        var readings = new SystemReadings(folder, time);
        while (options.SystemReadings is { } interval)
        {
            Append(readings.Read());
            await Task.Delay(interval, time, cancellationToken);
        }
    }

    private async Task LinesAsync(CancellationToken cancellationToken)
    {
        var readings = new LineReadings(time);
        // A read of standard input can't be cancelled: it is left alone.
        while (options.Lines is { } lines && await Task.Run(() => ReadLine(lines), cancellationToken).WaitAsync(cancellationToken) is { } line)
        {
            if (line.Length == 0)
            {
                continue;
            }

            var (reading, problem) = readings.Read(line);
            if (reading is null)
            {
                report(AgentEventKind.Refused, problem!);
            }
            else
            {
                Append(reading);
            }
        }
    }

    private void Append(byte[] reading)
    {
        try
        {
            spool.Append(reading);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            report(AgentEventKind.Dropped, $"a reading can't be kept: {e.Message}");
            return;
        }

        if (spool.Dropped is var dropped && dropped != _dropped)
        {
            _dropped = dropped;
            report(AgentEventKind.Dropped, string.Create(CultureInfo.InvariantCulture, $"the spool is full: {dropped} readings were dropped so far, the oldest first"));
        }
    }

    /// <summary>Of a line that is too long no more than shows that.</summary>
    private static string? ReadLine(TextReader lines)
    {
        var line = new StringBuilder();
        int next;
        for (next = lines.Read(); next >= 0 && next != '\n'; next = lines.Read())
        {
            if (line.Length <= LineReadings.Longest)
            {
                line.Append((char)next);
            }
        }

        return next < 0 && line.Length == 0 ? null : line.ToString();
    }
}
