using System.Globalization;

namespace IoTPlatform.EndToEnd.Tests.Cli;

/// <summary>Processes of this machine that work on a folder: it is in their command line or in their environment.</summary>
internal static class LeftProcesses
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static IReadOnlyList<string> Of(string folder) =>
    [
        .. Directory.EnumerateDirectories("/proc")
            .Where(process => int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id != Environment.ProcessId)
            .Where(process => Read(process, "cmdline").Contains(folder, StringComparison.Ordinal) || Read(process, "environ").Contains(folder, StringComparison.Ordinal))
            .Select(process => $"{Path.GetFileName(process)} {Read(process, "cmdline").Replace('\0', ' ')}"),
    ];

    /// <summary>Waits until there are none; for processes that end without a waiting parent, as after SIGKILL.</summary>
    public static async Task GoneAsync(string folder)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (Of(folder) is { Count: > 0 } left)
        {
            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"still running:\n{string.Join('\n', left)}");
            }

            await Task.Delay(50, CancellationToken.None);
        }
    }

    private static string Read(string process, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
