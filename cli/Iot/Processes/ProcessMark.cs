using System.Globalization;

namespace IoTPlatform.Iot;

/// <summary>Names a process beyond the reuse of its id: id and start time (clock ticks after boot, proc(5) stat field 22).</summary>
internal sealed record ProcessMark(int Id, string Started)
{
    public static ProcessMark Of(int id) => new(id, StartOf(id) ?? "");

    /// <summary>SIGTERM, then SIGKILL to its group. False when it was not there any more.</summary>
    public async Task<bool> StopAsync(TimeSpan patience)
    {
        if (!IsAlive)
        {
            return false;
        }

        Posix.Kill(Id, Posix.SigTerm);
        using var limit = new CancellationTokenSource(patience);
        while (IsAlive && !limit.IsCancellationRequested)
        {
            await Task.Delay(50, CancellationToken.None);
        }

        if (IsAlive)
        {
            Posix.Kill(-Id, Posix.SigKill);
        }

        return true;
    }

    private bool IsAlive => Started.Length > 0 && StartOf(Id) == Started;

    private static string? StartOf(int id)
    {
        try
        {
            // The name in field 2 may hold anything; what follows its closing parenthesis starts at field 3.
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] == "Z" ? null : fields[19];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
